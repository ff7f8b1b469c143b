"""The floor that knows no protocol: findings, time, certificates, keys, XML and its signatures."""
