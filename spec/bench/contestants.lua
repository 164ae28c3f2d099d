--- Who is measured, and how each is run. The same request everywhere; see peers/.

local process = require "spec.support.process"

local contestants = {}

local Contestant = {}
Contestant.__index = Contestant
Contestant.__name = "spec.bench.contestant"

function Contestant:__tostring()
  return self.name
end

local function new(name, words, runtime)
  return setmetatable({name = name, words = words, runtime = runtime}, Contestant)
end

--- By name. `runtime` is set for those that need this rock.
contestants.subject = new("supermetrics, Lua 5.4", {"lua5.4", "spec/bench/peers/supermetrics.lua"}, "lua5.4")
contestants.subject_luajit = new("supermetrics, LuaJIT", {"luajit", "spec/bench/peers/supermetrics.lua"}, "luajit")
contestants.floor = new("the floor: C, libcurl", {"build/bench/floor"})
contestants.lua_curl = new("lua-curl, Lua 5.1", {"lua5.1", "spec/bench/peers/lua_curl.lua"})
contestants.lua_http = new("lua-http, LuaJIT", {"luajit", "spec/bench/peers/lua_http.lua"})
contestants.luasocket = new("luasocket, Lua 5.4", {"lua5.4", "spec/bench/peers/luasocket.lua"})
contestants.curl = new("curl(1)", {"spec/bench/peers/curl"})

local KEY = "key_of_the_bench"

-- One call of curl(1) without the shell that makes many.
contestants.curl_once = new("curl(1)", {"curl", "--silent", "--fail", "-X", "PATCH",
  "-H", "Authorization: Bearer " .. KEY, "-H", "Content-Type: application/json",
  "-H", "Accept: application/json", "-d", '{"status":"CANCELLED"}'})

--- A shell command that runs words with nothing in the environment but what a contestant needs.
-- @param server of spec.bench.server
-- @param base_url with its path
-- @param runtime of the rock, or nil
-- @param words list of strings
function contestants.command(server, base_url, runtime, words)
  local variables = {"env", "-i", "PATH=/usr/bin:/bin", "SUPERMETRICS_API_KEY=" .. KEY,
    "SUPERMETRICS_BASE_URL=" .. base_url}
  if base_url:find("^https:") then
    variables[#variables + 1] = "BENCH_CA_FILE=" .. server.certificate
  end
  if runtime then
    variables[#variables + 1] = "LUA_PATH=./lua/?.lua;./lua/?/init.lua;./?.lua;;"
    variables[#variables + 1] = ("LUA_CPATH=./build/%s/?.so;;"):format(runtime)
  end
  return process.quote_all(variables) .. " " .. process.quote_all(words)
end

--- What a command writes to its standard output. Raises where it failed.
function contestants.output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read("*a")
  assert(pipe:close(), "failed: " .. command)
  return output
end

local function joined(list, more)
  local all = {}
  for _, words in ipairs{list, more} do
    for _, word in ipairs(words) do
      all[#all + 1] = word
    end
  end
  return all
end

local function command_of(self, server, scheme, tool, count)
  local last = tostring(count)
  if self == contestants.curl_once then
    last = server.urls[scheme] .. "/v1/teams/12345/backfills/1000001"
  end
  local words = joined(joined(tool, self.words), {last})
  return contestants.command(server, server.urls[scheme] .. "/v1", self.runtime, words)
end

--- Runs it for so many calls.
-- @return table: `seconds` from its start to its end, `processor` seconds, `peak` KiB
function Contestant:spend(server, scheme, count)
  local output = contestants.output_of(command_of(self, server, scheme, {"build/bench/spend"}, count))
  local seconds, processor, peak = output:match("^(%S+) (%S+) (%d+)\n$")
  return {seconds = tonumber(seconds), processor = tonumber(processor), peak = tonumber(peak)}
end

local CALLGRIND = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"}

--- Instructions of a whole run, by callgrind.
function Contestant:instructions(server, scheme, count)
  local command = command_of(self, server, scheme, CALLGRIND, count)
  local output = contestants.output_of(command .. " 2>&1")
  return assert(tonumber(output:match("Collected : (%d+)")), output)
end

return contestants
