"""When a secret is rotated: ``rate()``, ``cron()``, numbers of days, and the windows that they open. No I/O.

    rules.py     what a caller sends -> a Schedule
    cron.py      cron(Minutes Hours DayOfMonth Month DayOfWeek Year)
    windows.py   the window that follows an instant, and the moment inside of it

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html; Secrets Manager
reference 5.4, 5.5.
"""
