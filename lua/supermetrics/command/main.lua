--- The program `supermetrics-backfill`. luarocks and `make install` put it on the PATH; from a checkout it is
--
--     lua5.4 lua/supermetrics/command/main.lua
--
-- and finds the others next to it.

local path = debug.getinfo(1, "S").source:match("^@(.*)$") or ""

local folder = path:match("^(.*)supermetrics/command/main%.lua$")
if folder then
  package.path = ("%s?.lua;%s?/init.lua;%s"):format(folder, folder, package.path)
end

-- What luarocks wraps around a program knows its tree, but not where it was installed with --deps-mode=none.
local tree = path:match("^(.*/)lib/luarocks/rocks%-[^/]*/")
if tree then
  local version = _VERSION:match("%d%.%d")
  local modules = tree .. "share/lua/" .. version
  package.path = ("%s;%s/?.lua;%s/?/init.lua"):format(package.path, modules, modules)
  package.cpath = ("%s;%slib/lua/%s/?.so"):format(package.cpath, tree, version)
end

local is_there, command = pcall(require, "supermetrics.command")
if not is_there then
  -- It names what is missing, such as argparse; behind it stands where it was looked for.
  local problem = tostring(command)
  problem = problem:match("module '[^']*' not found") or problem:match("[^\n]*")
  io.stderr:write("supermetrics-backfill: ", problem, "\n")
  os.exit(1, true)
end
os.exit(command{...}, true)
