"""What people, programs and the clock ask for: deploy, start, send messages, do user tasks, keep house."""
