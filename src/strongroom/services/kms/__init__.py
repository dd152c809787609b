"""KMS: today the keys behind Secrets Manager (``contract.py``); its own operations come with customer keys."""
