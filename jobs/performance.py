"""The child program of a worker: one clip is scored in it, and it can be killed at any moment.

    python -m jobs.performance

**In.** What is heavy is imported first; then ONE line of JSON is read from stdin, so that a child may wait as a warm
spare. The end of stdin without a line is no job: exit code 0, nothing more is said.

    {"job": "k3m9...", "folder": "/data/jobs/k3m9...", "request": {...}}

`request` is a jobs.job.Request. The clip lies in `folder/upload`. What an earlier attempt has left in the folder is
taken up again, so leave the folder as it is between attempts and remove it when the job has ended.

**Out.** Lines of JSON on stdout, one object with one of these keys first:

    {"ready": true}                                       once: all is loaded, the line may come (or be there already)
    {"progress": {"stage": "scenes", "share": 0.31, "take": 1}, "clip_s": 12.5}
                                                          a jobs.job.Progress; at each change of stage or take, and
                                                          else at most five times a second; `share` never falls.
                                                          `clip_s`: the clip's seconds, null before they are known
    {"outcome": {...}, "again_s": null}                   once, the last line: a jobs.job.Outcome. `again_s` is a number
                                                          when it may go better by itself after that many seconds: try
                                                          again then, or, when no try is left, tell the outcome

In an outcome of kind "films" every file of a Film (`film`, `thumbnail`, `music`, `song`, `stems`, `midi`, `sheet`) is a
name relative to `folder`, such as "take-2/song.m4a"; the worker puts the files in the blob store and the keys in their
place. Two films may name the same thumbnail. Every file is whole before the line is written.

    kind "films"      one Film for each take, in order
    kind "sentence"   a UserError: its sentence, hint and code
    kind "question"   the clip has sound of its own and `request.sound` is "ask" (code "undecided"): run again in the
                      same folder with "keep" or "replace" when the answer is there; nothing is decoded twice
    kind "nothing"    the same with `request.sound` "silent"

**End.** Exit code 0: the outcome was said. 1: a bug; the traceback is on stderr, and no outcome was said. Negative (a
signal): it crashed or was killed. SIGTERM stops the work: the outcome has the code "cancelled" (nothing is said by a
spare that has no job), exit code 0, within a second as a rule; the folder stays for another attempt.

It asks Linux to be killed when the thread that started it ends, and its own ffmpeg dies with it. stdout is for the
lines alone: what a library prints goes to stderr, as do logs. One child at a time works in a folder: a second waits
some seconds for the first to end. No word of a person's is in a name or on a command line.
"""
