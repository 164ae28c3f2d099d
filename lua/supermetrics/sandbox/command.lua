--- The sandbox as a command:
--
--     luajit lua/supermetrics/sandbox/command.lua --port 8080
--
-- works from anywhere, in a checkout and installed: the file finds the others next to it. `require`d, it is a function
-- that takes the list of arguments and returns the exit status.

local MODULE = "supermetrics.sandbox.command"
local is_required = ... == MODULE

if not is_required then
  local folder = debug.getinfo(1, "S").source:match("^@(.*)supermetrics/sandbox/command%.lua$")
  if folder then
    package.path = ("%s?.lua;%s?/init.lua;%s"):format(folder, folder, package.path)
  end
end

local argparse = require "argparse"
local cqueues = require "cqueues"
local signal = require "cqueues.signal"

local sandbox = require "supermetrics.sandbox"
local world = require "supermetrics.sandbox.world"

local NAME = "supermetrics-sandbox"

local CONTROL = {
  "GET    /sandbox/statistics  counts requests and applied writes",
  "POST   /sandbox/reset       starts over",
  'POST   /sandbox/advance     {"seconds": 60}',
  'POST   /sandbox/backfills   {"team_id": 12345, "transfer_id": 505, "count": 250, "status": "RUNNING"}',
  'POST   /sandbox/faults      [{"operation": "cancel_backfill", "requests": [1], "drop": "after"}]',
  'DELETE /sandbox/faults      ends them',
}

local function complain(message)
  io.stderr:write(NAME, ": ", message, "\n")
end

local function port_number(text)
  local number = tonumber(text:match("^%d+$"))
  if not number or number > 65535 then
    return nil, "a port is a number from 0 to 65535, not " .. text
  end
  return number
end

local function make_parser()
  local parser = argparse(NAME, "A local Supermetrics to rehearse against. Its world lives in memory.")
  parser:option("--host", "Address to listen on.", "127.0.0.1")
  parser:option("--port", "Port to listen on; 0 takes any free one.", "0"):convert(port_number)
  parser:flag("--tls", "Serve https, with a certificate made at start.")
  parser:flag("--http1", "Speak HTTP/1.1 only, no HTTP/2.")
  parser:flag("--quiet", "Print no line for each request.")
  return parser
end

local function is_loopback(host)
  return host == "localhost" or host == "::1" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

local function team_of(transfer_id)
  for _, transfer in ipairs(world.transfers) do
    if transfer.transfer_id == transfer_id then
      return transfer.team_id
    end
  end
end

-- The transfers of the first team, whose key is the one to use.
local function transfer_ids()
  local ids = {}
  for _, row in ipairs(world.transfers) do
    if row.team_id == world.teams[1] then
      table.insert(ids, row.transfer_id)
    end
  end
  return table.concat(ids, ", ")
end

local function print_authority(path)
  print("# ca_file: " .. path)
  print(("# To trust it: supermetrics.new{ca_file = %q}, or curl --cacert %s"):format(path, path))
end

-- Every line is one that a shell can read: what is for people is a comment there.
local function print_welcome(address, ca_file)
  local key = world.keys[1]
  print(("export SUPERMETRICS_BASE_URL=%s"):format(address))
  print(("export SUPERMETRICS_API_KEY=%s"):format(key.credential))
  if ca_file then
    print_authority(ca_file)
  end
  print("#")
  print(("# %-27s %-6s %s"):format("key", "team", "what it is for"))
  for _, row in ipairs(world.keys) do
    print(("# %-27s %-6s %s"):format(row.credential, row.team_id, row.note))
  end
  print("#")
  print(("# %-27s %-6s %s"):format("backfill", "team", "status"))
  for _, row in ipairs(world.backfills) do
    local status = row.always_fails and "any request for it is answered with 500" or row.status
    print(("# %-27s %-6s %s"):format(row.transfer_backfill_id, team_of(row.transfer_id), status))
  end
  print("#")
  print(("# Transfers of team %s: %s; the last has never had a backfill."):format(world.teams[1], transfer_ids()))
  print("#")
  print("# For the rehearsal itself, at the same port, without a key (supermetrics/sandbox/control.lua says more):")
  for _, line in ipairs(CONTROL) do
    print("#   " .. line)
  end
  print("# Ctrl-C stops.")
  io.stdout:flush()
end

-- cqueues' signals come from a descriptor, and only while they are blocked. A shell that starts a job in the background
-- has it ignore SIGINT; an ignored signal never gets there, blocked or not.
local function catch_signals()
  -- cqueues keeps SIGPIPE from its own writes only, and OpenSSL writes without it.
  signal.ignore(signal.SIGPIPE)
  signal.default(signal.SIGINT, signal.SIGTERM)
  signal.block(signal.SIGINT, signal.SIGTERM)
  return signal.listen(signal.SIGINT, signal.SIGTERM)
end

local function run(options)
  local signals = catch_signals()
  local controller = cqueues.new()
  local started, err = sandbox.new {
    host = options.host,
    port = options.port,
    log = not options.quiet,
    controller = controller,
    tls = options.tls,
    http1 = options.http1,
  }
  if not started then
    complain(("cannot listen on %s, port %d: %s"):format(options.host, options.port, err))
    return 1
  end
  if not is_loopback(options.host) then
    complain(("listening on %s, not on loopback only: others may reach it"):format(options.host))
  end
  print_welcome(started:address(), started:ca_file())

  controller:wrap(function()
    signals:wait()
    started:close()
  end)
  local ok
  ok, err = started:loop()
  started:close()
  if not ok then
    complain(tostring(err))
    return 1
  end
  print("# stopped")
  io.stdout:flush()
  return 0
end

--- Runs the sandbox until SIGINT or SIGTERM.
-- @param arguments list of strings, as on the command line
-- @return exit status: 0 after a signal, 1 where it could not start or go on
local function command(arguments)
  local parser = make_parser()
  local ok, result = parser:pparse(arguments)
  if not ok then
    -- argparse puts what it thinks was meant on a second line.
    complain((result:gsub("\n", " ")))
    return 1
  end
  return run(result)
end

if is_required then
  return command
end
os.exit(command {...}, true)
