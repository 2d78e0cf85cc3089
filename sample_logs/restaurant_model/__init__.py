"""A made-up city's 开办餐饮店一件事, simulated with SimPy: the planted truth of the sample data set (合成数据)."""
