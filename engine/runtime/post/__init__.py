"""What is on its way to instances: messages and signals find their receivers, timers and schedules come due."""
