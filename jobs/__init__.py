"""What the front ends ask for, carried to a worker; empty until the queue lands."""
