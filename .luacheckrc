-- What the library shares is what Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT have in common; a spec may look at one of them.
std = "min"
max_line_length = 120
exclude_files = {"build"}
files["spec"] = {std = "max+busted"}
files["*.rockspec"] = {std = "rockspec"}
-- Declarations of what other files define.
files["lua/supermetrics/types.lua"] = {unused = false}
files["lua/supermetrics/core_types.lua"] = {unused = false}
