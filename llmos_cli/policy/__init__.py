"""What may be done, and doing it: the judge, the applier of approved effects, its journal, the trash."""
