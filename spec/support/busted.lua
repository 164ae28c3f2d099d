-- Runs busted on the Lua that runs this file, which Debian's /usr/bin/busted leaves to whatever `lua` is.
require "busted.runner"({standalone = false})
