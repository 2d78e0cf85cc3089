"""One-things whose log is written from their own guide: 出生一件事 before and after, 退休一件事 (合成数据, plain Python)."""
