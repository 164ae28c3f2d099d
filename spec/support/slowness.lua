--- By what factor the machine is slower than the clock: valgrind runs everything some thirty times slower, and a spec
-- that measures seconds has to allow for it there. Everywhere else it is 1, and every bound is the real one.
return tonumber(os.getenv("SPEC_SLOWNESS")) or 1
