"""Every sentence that a person reads in the terminal."""

from __future__ import annotations

APP = (
    "Gives a silent clip its music, scene by scene, and a track its music video: on this machine, with no keys, no "
    "server and nothing to download."
)

SCORE = (
    "Compose music for the scenes of CLIP and give back the same picture with it.\n\n"
    "The cuts are found, each scene is looked at, tempo and bars are fitted to the cuts, and a small orchestra plays. "
    "Beside the film lies a folder with the parts, the notes (MIDI), the cue sheet and a picture of each scene."
)

SCORE_EXAMPLES = (
    "[bold]Examples[/bold]\n\n"
    "  reelscore score clip.mp4\n\n"
    "  reelscore score clip.mp4 warm and hopeful, no drums\n\n"
    "  reelscore score clip.mp4 -o film.mp4 --style epic --tempo 120 --takes 3\n\n"
    "  reelscore score clip.mp4 --target telegram --aspect 9:16\n\n"
    "  reelscore score clip.mp4 --edit clip-scored.reelscore/cues.json\n\n"
    "[bold]Exit codes[/bold]  0 done, 1 a bug of ours, 2 something to change (a sentence says what), 130 stopped"
)

DEMO = (
    "Draw a silent reel to try Reelscore on: dawn, a city in the rain, a neon tunnel, a storm, the sea, a party.\n\n"
    "Nothing is read from anywhere, and the same seed draws the same reel. Takes some ten seconds."
)

VIDEO = (
    "Make a music video to TRACK: pictures that are cut to its beats, with the lyrics on them.\n\n"
    "Tempo, key and form are heard, the lyrics are put in time, a storyboard is written, its pictures are painted, and "
    "the film is cut to the track, whose sound stays as it is. Beside the film lies a folder with the storyboard, the "
    "pictures and a page with all shots."
)

VIDEO_EXAMPLES = (
    "[bold]Examples[/bold]\n\n"
    "  reelscore video song.mp3 --lyrics song.lrc\n\n"
    "  reelscore video song.mp3 a night drive along the coast --look watercolour --shape 16:9\n\n"
    "  reelscore video song.mp3 --lyrics song.txt --titles karaoke --shift +0.4\n\n"
    "  reelscore video song.mp3 --visual cover.jpg\n\n"
    "  reelscore video song.mp3 --preview\n\n"
    "  reelscore video song.mp3 --edit song-video.reelscore/storyboard.json --redraw 3\n\n"
    "  reelscore video --song warm and hopeful --lyrics words.txt\n\n"
    "[bold]Keys and prices[/bold]  Bought pictures need REPLICATE_API_TOKEN, a written storyboard OPENAI_API_KEY, here "
    "or in .env; REELSCORE_MOST_USD is what one film may cost\n\n"
    "[bold]Exit codes[/bold]  0 done, 1 a bug of ours, 2 something to change (a sentence says what), 130 stopped"
)

# What each option says in --help.
CLIP = "The clip: MP4, MOV, MKV, WebM, AVI or GIF."
WISH = "What the music shall be like, in your own words; may be left out."
OUT = "Where the film goes. Default: CLIP-scored.mp4 beside the clip; a number is added where that exists."
FOLDER = "Where the parts, notes, cue sheet and pictures go. Default: beside the film, named like it, with .reelscore."
FORCE = "Replace the film and the folder of an earlier run."
EDIT = "Play this cue sheet (an edited cues.json) instead of planning anew."
STYLE = (
    "cinematic, ambient, electronic, folk, lofi, playful, tense, epic, or words such as 'dark synthwave'. "
    "Default: what suits the picture."
)
MOOD = "A mood in a word or two, such as wistful. Default: read from the picture."
INTENSITY = "How far the music steps forward: gentle, normal, strong, or a number of 0-1."
TEMPO = "Beats per minute to stay near. Default: from the mood."
KEY = "Home key, such as 'D minor' or 'F# dorian'. Default: chosen by mood and seed."
WITHOUT = "What must not sound, such as 'drums, piano'."
SEED = "The same seed gives the same music; another one another piece."
TAKES = "How many versions to record, with seeds counting up."
PROMPT = "How long each cue's direction is: as simple as it gets, brief (about 30 words) or long (about 50)."
SOUND = "The clip's own sound: keep it under the music, replace it, or keep it where there is any (auto)."
TARGET = "Where the film will be sent: keeps to the size and formats allowed there."
ASPECT = "Shape of the picture. Another one than the clip's means encoding it again."
DETECTOR = "How cuts are found."
CAPTIONER = "Who looks at the scenes; else as set, usually: measured. `reelscore models` lists them."
WRITER = "Who writes the directions; else as set, usually: rules."
COMPOSER = "Who composes and plays; else as set, usually: orchestra."
TEMP = "A temp track, music that the clip was cut to; audiocraft:melody follows its melody."
COMMERCIAL = "Refuse engines whose music may not be used commercially."
DRAMA = "Directions that begin with what is felt instead of what is seen."
AS_JSON = "Print the result, or the error, as JSON."
QUIET = "Print nothing but the film's path."
DEBUG = "Show the traceback when something breaks on our side."
VERSION = "Print the version."
DEMO_OUT = "Where the reel goes."
DEMO_SEED = "Another seed draws other hills, towers and clouds."

TRACK = "The track: MP3, M4A, WAV, FLAC, OGG or Opus. Left out with --song."
SEEN_WISH = "What shall be seen, in your own words; may be left out."
LYRICS = (
    "The lyrics: LRC or SRT with their times, VTT, or plain text, which is put in time. Default: those in its tags."
)
LOOK = "How it shall look: painted, watercolour, paper, anime, neon, noir, pastel, or any other words."
PACE = "How fast it is cut. Default: normal."
VIDEO_SEED = "The same seed gives the same film; another one other pictures. Default: 1."
VISUAL = (
    "A picture or clip of your own: one is looped for the whole track and keeps its shape, several (say it again) "
    "take the pictures' places."
)
CROP = "How much of your own pictures and clips is cut off at the bottom, in percent."
LOOP = "How a clip of your own goes on when it ends. Default: plain."
SONG = "Have a song made from the lyrics and the wish; there is no TRACK then."
TITLES = "How the lyrics are shown. Default: line."
SHIFT = "Every lyric comes so much later; earlier with a minus. Such as +0.4."
SHAPE = "Shape of the picture. Default: 9:16."
FPS = "Frames a second. Default: 30."
ALIGNER = "Who puts lyrics without times in time: spread, or sphinx, which listens."
DIRECTOR = "Who writes the storyboard: rules, openai, or auto, which is openai where there is a key."
ILLUSTRATOR = "Who draws: painted, flux (flux:schnell, flux:dev), or flux_local on a GPU of your own."
ANIMATOR = "Who makes the pictures move: camera, or kling."
SINGER = "Who makes the song: orchestra, which does not sing, or suno."
YES = "Spend what the pictures cost without asking."
PREVIEW = "Only plan it: the storyboard, a page with all shots, and the price."
EDIT_BOARD = "Play this storyboard (an edited storyboard.json); what else is said here stands above it."
REDRAW = "With --edit: draw the picture of this shot anew. May be said again."
VIDEO_OUT = "Where the film goes. Default: TRACK-video.mp4 beside the track; a number is added where that exists."
VIDEO_FOLDER = "Where the storyboard and the pictures go. Default: beside the film, named like it, with .reelscore."

RUN = (
    "Start the whole bot: the chats whose token is set, a worker, and a Redis server of its own.\n\n"
    "Without a token it says how to turn each chat on; a CLIP is scored through the queue either way. What there is to "
    "keep lies in the folder data/ here, or where REELSCORE_DATA says. Ctrl-C lets the work at hand end and stops "
    "everything; a second one stops at once."
)
RUN_EXAMPLES = (
    "[bold]Examples[/bold]\n\n"
    "  reelscore run\n\n"
    "  reelscore run clip.mp4 warm and hopeful\n\n"
    "  TELEGRAM_BOT_TOKEN=... reelscore run"
)
BOT = "Speak to the chat networks: telegram, discord, or both. Default: those whose token is set."
WORKER = "Do the work of queues: cpu, gpu, io. Default: cpu and io."
DOCTOR = "Say what is there, what is missing, and how to get it."
SYNC = "Tell Discord which commands there are; needed once, and after each update that changes them."
FRONTS = "telegram, discord."
QUEUES = "cpu, gpu, io."
DRAW = "Without CLIP and token: draw the reel of `reelscore demo` there and score it."
RUN_SOUND = "The clip's own sound: keep it under the music, or replace it."
RUN_CLIP = "A clip to score through the queue; may be left out."

# What the stages do, by the names that `report` is given.
STAGES = {
    "clip": "Opening the clip",
    "scenes": "Watching it, finding the cuts",
    "cues": "Planning the cues",
    "music": "Composing and playing",
    "mix": "Mixing",
    "film": "Making the film",
}

VIDEO_STAGES = {
    "track": "Opening the track",
    "sections": "Listening: tempo, key, form",
    "lyrics": "Putting the lyrics in time",
    "storyboard": "Writing the storyboard",
    "pictures": "Drawing the pictures",
    "motion": "Making them move",
    "edit": "Cutting the film",
}

COLUMNS = ("Cue", "From", "To", "Seen", "Mood", "Tempo", "Key")
PROMPT_COLUMN = "Prompt"
PROMPTS = "Prompts"
CERTIFICATE = "Measured on the finished film"
VERDICT = "Beside other takes"
COST = "Paid to vendors"
FILM, JOB = "Film", "Folder"
HOLDS = ("stems/", "music/", "music.wav", "score.mid", "cues.json", "scenes/")

# What a music video is made of.
SHOTS = ("Shot", "From", "Length", "Picture", "Shows", "Move", "Enters", "Lyrics")
HEARD, FORM, LOOKS, SUNG, CONTACT, BOARD, PRICE = "Heard", "Form", "Look", "Song", "Contact", "Plan", "Cost"
VIDEO_HOLDS = ("storyboard.json", "contact.jpg", "stills/", "pictures/", "motion/", "song/")
TEMPO_OF = "{tempo:.0f} bpm"
NO_BEAT = "no steady beat"
COSTS = "up to {cost}"
COSTS_NOTHING = "nothing"
TAKES_TIME = "{cost}; takes {time}"
COPIED = "the track's own, untouched ({codec})"
ENCODED = "encoded anew from {codec}"
LENGTH_OF = "{film:.3f} s, off the track by {error:+.1f} ms"
ON_BEAT = "{hit} of {cuts} ({share:.0%}; chance {chance:.0%})"
NO_CUTS = "there are no cuts"
NO_BEATS = "{cuts} cuts to phrases; there is no beat"
PICTURES_OF = "{pictures} in {shots} shots, by {illustrator}"
YOUR_OWN = "your own"
AGAIN_FROM = "Make the film:"
REDRAW_ONE = "One shot anew:"
ASK = "The pictures cost up to {cost}. Shall I have them made?"

STOPPED = "Stopped. Nothing was left behind."
BROKE = "Something broke on our side: {what}."
BROKE_FOLDER = "What was done so far lies in {folder}; please send it along with a report."
BROKE_DEBUG = "Run the same command with --debug to see where."
NO_FILE = "There is no file {name}."
NO_FILE_HINT = "Check the name; put names with spaces in quotes."
A_FOLDER = "{name} is a folder, not a clip."
A_FOLDER_HINT = "Name one clip in it."
TWO_CLIPS = "{name} is a second clip; one is scored at a time."
TWO_CLIPS_HINT = "Run reelscore once for each clip. Words about the music that are also a file's name go into --mood."
SAME_FILE = "The film would replace {name} itself."
SAME_FILE_HINT = "Name another file with --out."
EXISTS = "{name} exists already."
EXISTS_HINT = "Name another one, or replace it with --force."
NOT_A_JOB = "{name} holds other files and is not the folder of an earlier run."
NOT_A_JOB_HINT = "Name another folder with --folder."
NOT_APART = "{name} cannot be the folder for the papers: the clip, the film or you are in it."
LONG_NAME = "The name is too long."
LONG_NAME_HINT = "Name a shorter one with --out."
UNSAID = "The film is made, but what there is to say about it could not be written."
BUSY = "Another run is writing into {name}."
BUSY_HINT = "Wait for it, or name another place with --out."
NO_FOLDER = "There is no folder {name}."
NO_FOLDER_HINT = "Make it first, or name another place with --out."
LOCKED = "Nothing can be written in {name}."
LOCKED_HINT = "Name another place with --out."
NOT_A_FILM = "A film cannot be written as {suffix}."
NOT_A_FILM_HINT = "End the name in {known}."
NO_SHEET = "The cue sheet {name} cannot be read."
NO_SHEET_HINT = "Give the cues.json of an earlier run."
NO_TRACK = "There is no track."
NO_TRACK_HINT = "Name a sound file: reelscore video song.mp3. Or have a song made: reelscore video --song WISH"
TRACK_AND_SONG = "{name} is a track, and --song asks for one to be made."
TRACK_AND_SONG_HINT = "Leave one of the two out."
TWO_TRACKS = "{name} is a second file; only the track stands by itself."
TWO_TRACKS_HINT = "Pictures and clips go into --visual, lyrics into --lyrics."
NOT_A_TRACK = "{name} is a folder, not a track."
NOT_A_TRACK_HINT = "Name one track in it."
NOT_A_VISUAL = "{name} is a folder, not a picture or a clip."
NOT_A_VISUAL_HINT = "Name its files one by one, each with --visual."
NO_LYRICS = "The lyrics {name} cannot be read."
NO_LYRICS_HINT = "Give a text file (UTF-8), an LRC, an SRT or a VTT."
LONG_WORDS = "{what} has {count} characters; {most} are taken."
LONG_WORDS_HINT = "Say it in fewer words."
YOUR_WISH, YOUR_LOOK = "What shall be seen", "The look"
NOT_SECONDS = "Write seconds between -60 and 60, such as +0.4 or -1.5."
REPLANS = "{option} needs a new plan, and --edit plays the one that is there."
REPLANS_HINT = "Leave it out, or leave --edit out and plan anew."
NOT_EDITED = "--redraw draws a shot of a storyboard anew, and no storyboard is given."
NOT_EDITED_HINT = "Name one with --edit, such as song-video.reelscore/storyboard.json."
NO_SHOT = "There is no shot {number} in the storyboard."
NO_SHOT_HINT = "Its shots are 1 to {most}."
NO_BOARD = "The storyboard {name} cannot be read."
NO_BOARD_HINT = "Give the storyboard.json of an earlier run."
SUPPLIED = "This storyboard loops a picture or clip of yours, and none is given."
SUPPLIED_HINT = "Name it again with --visual."
UNASKED = "The pictures cost up to {cost}, and nobody is here to say yes."
UNASKED_HINT = "Add --yes; or leave --illustrator and --animator out, and they cost nothing."
NOT_INTENSE = "Write gentle, normal, strong, or a number between 0 and 1."
NO_SPACE = "The disk is full."
NO_SPACE_HINT = "Free some space, or name another place with --out."
DREW = "Drew {scenes} scenes, {seconds:.1f} s, in {took:.0f} s."
NEXT = "Now score it:"
NEXT_VIDEO = "Or give a track of yours its pictures: reelscore video song.mp3"
AGAIN = "Change the plan:"

# The bot in one process group.
HOW_TO_TELEGRAM = "Telegram is off. Talk to @BotFather, say /newbot, and set TELEGRAM_BOT_TOKEN (here or in .env)."
HOW_TO_DISCORD = (
    "Discord is off. Make an application at discord.com/developers, open its page Bot, and set DISCORD_BOT_TOKEN."
)
IS_ON = "{front} is on."
HOW_TO = {"telegram": HOW_TO_TELEGRAM, "discord": HOW_TO_DISCORD}
NAMES = {"telegram": "Telegram", "discord": "Discord"}
STAYS_UP = "The bot is up. Data lie in {data}; Ctrl-C stops it."
PARTS_LOG = "The parts write their log to {log}."
NOTHING_TO_DO = "There is no clip to score and no chat to speak to."
NOTHING_TO_DO_HINT = "Name a clip: reelscore run clip.mp4"
DRAWING = "Drawing a reel to score ..."
STOPPING = "Stopping: the work at hand may end. Ctrl-C again stops at once."
PART_REFUSED = "The {part} does not start."
PART_REFUSED_HINT = "What it says above tells why; `reelscore doctor` shows the rest."
PART_REFUSED_LOG_HINT = "{log} tells why; `reelscore doctor` shows the rest."
BROKE_LOG = "The log above tells where. `reelscore doctor` shows whether something is missing."
NO_TOKEN = "{variable} is not set, so there is nobody to speak as on {front}."
NO_TOKENS = "No chat is turned on."
NO_STORE = "The store does not do its work: {why}."
NO_STORE_HINT = (
    "See whether DATABASE_URL and BLOB_URL are right and what they name is up and has room; `reelscore doctor` tells."
)
BAD_STORE = "The store cannot be opened: {why}."
BAD_STORE_HINT = "Change DATABASE_URL or BLOB_URL."
NO_FRONT = "There is no front end {name!r}."
NO_QUEUE = "There is no queue {name!r}."
KNOWN = "Known: {names}."
SYNCED = "Discord knows {count} commands now."

# The doctor.
STATES = {"ok": "ok", "off": "off", "note": "note", "bad": "MISSING"}
ALL_WELL = "All that is asked for works."
NOT_WELL = "Something that is asked for does not work; see above."
CHECK_BROKE = "The check itself broke ({what})."
BETTER_FONT = "A fuller sound: apt install fluid-soundfont-gm"
NO_WEIGHTS = "None are here, and none are needed; `reelscore models` lists what there is."
FREE = "{free:.0f} GB are free for {place}."
MORE_ROOM = "Free some space, or set REELSCORE_DATA to a folder on a larger disk."
OWN_REDIS = "None is running; `reelscore run` starts {program}."
NO_AOF = "It keeps no append-only file: bells of a crash are rung again, but later."
NO_AOF_CURE = "redis-cli config set appendonly yes"
EVICTS = "It throws out keys when its memory is full, so jobs would start late."
EVICTS_CURE = "redis-cli config set maxmemory-policy noeviction"
TABLES = {
    "none": "tables are made at the first start.",
    "older": "tables are brought up to date at the next start.",
    "current": "tables up to date.",
    "newer": "tables of a newer release; this one goes on with them, but is better brought up to date.",
}
NEW_BLOBS = "{path} is made at the first start."
BAD_TOKEN = "{front} does not know this token."
BAD_TELEGRAM_CURE = "Ask @BotFather for /mybots, API Token, and set TELEGRAM_BOT_TOKEN."
BAD_DISCORD_CURE = "Reset it at discord.com/developers, page Bot, and set DISCORD_BOT_TOKEN."
ODD_ANSWER = "{front} does not answer as it should (status {status})."
AWAY_CURE = "See whether this machine reaches it, directly or by HTTPS_PROXY."
NO_GROUPS = "It may not be added to groups."
NO_GROUPS_CURE = "If it should: @BotFather, /setjoingroups."
PRIVACY_ON = "Privacy mode is on, as it should be. /autoscore in a group needs the bot to be an admin there."
PRIVACY_OFF = "Privacy mode is off: it is sent every message of its groups."
PRIVACY_OFF_CURE = "Nothing here needs that: @BotFather, /setprivacy, Enable."
CLOUD_API = "The cloud's limits: clips of 20 MB, films of 50 MB. REELSCORE_TELEGRAM_API lifts them to 2 GB."
LOCAL_API = "A Bot API server of your own: files of 2 GB."
NO_INTENT = "REELSCORE_DISCORD_MESSAGE_CONTENT is set, but the application lacks the intent."
NO_INTENT_CURE = "Turn on Message Content Intent at discord.com/developers, page Bot."

SENDING = "Handing the clip in"
IN_QUEUE = "Waiting, place {place} in the queue"
STARTING = "Starting"
TAKE = "{said} (take {take} of {takes})"
LEFT = "about {left} left"
DONE = "Done"
NO_FILM = "The job ended without a film."
REMOVED = "The job was removed."
UNWRITTEN = "The film could not be written: {why}."


def timecode(seconds: float, frame_rate: float) -> str:
    """Return mm:ss.ff, where ff counts frames."""
    whole = int(seconds + 1e-6)
    frames = round((seconds - whole) * frame_rate)
    if frames >= round(frame_rate):
        whole, frames = whole + 1, 0
    return f"{whole // 60:02d}:{whole % 60:02d}.{max(0, frames):02d}"
