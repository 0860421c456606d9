"""The one guarded door: strangers' bytes are opened here, in a child process, and nowhere else."""
