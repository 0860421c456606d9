"""What the front ends ask for, carried by Redis, done by a worker, brought back through the outbox."""
