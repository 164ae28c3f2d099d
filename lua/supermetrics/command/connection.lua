--- The client that the command works with: the key and the settings.

local supermetrics = require "supermetrics"

local stop = require "supermetrics.command.stop"
local user_words = require "supermetrics.command.user_words"

local connection = {}

local function first_line(path)
  local file, reason = io.open(path, "r")
  if not file then
    return nil, reason -- which begins with the path
  end
  local line
  line, reason = file:read("*l")
  file:close()
  line = line and line:gsub("\r$", "")
  if not line or line == "" then
    return nil, ("%s: %s"):format(path, reason or "its first line is empty")
  end
  return line
end

local function key_from_file(path)
  local line, reason = first_line(path)
  return line or stop.usage("cannot read a key from the file of --api-key-file: " .. reason)
end

local function key_of(options)
  if options.api_key_file then
    return key_from_file(options.api_key_file)
  end
  local key = os.getenv("SUPERMETRICS_API_KEY")
  if not key or key == "" then
    stop.usage("no key: set SUPERMETRICS_API_KEY, or name a file that holds it with --api-key-file")
  end
  return key
end

-- All but the key.
local function settings_of(options)
  return {
    base_url = options.base_url,
    ca_file = options.ca_file,
    timeout = options.attempt_timeout,
    deadline = options.deadline,
    max_attempts = options.max_attempts,
    user_agent = "supermetrics-backfill",
  }
end

-- Calls the library in the words of the command.
local function guard(options, call, ...)
  return stop.guard(function(message)
    return user_words(options.command, message)
  end, call, ...)
end

--- A client as the options say.
function connection.new(options)
  local settings = settings_of(options)
  settings.api_key = key_of(options)
  return guard(options, supermetrics.new, settings)
end

-- Ctrl-C raises wherever Lua is. Where that is the decoder of JSON, the library takes it for an answer that is no JSON.
local function check_interrupt(err)
  if err and err.kind == "invalid_response" and stop.is_interrupt(err.reason) then
    error(err.reason, 0)
  end
end

--- Calls a method of a client.
-- @return what it returns: a value, or nil and an Error
function connection.call(options, client, method, ...)
  local value, err = guard(options, client[method], client, ...)
  check_interrupt(err)
  for _, result in ipairs(value or {}) do
    check_interrupt(result.err) -- of a batch; a list of backfills has none
  end
  return value, err
end

-- Raised where a request would be sent.
local UNSENT = {}

--- Checks a call as if it were made, to the point where its request would be sent. The library asks for a token once it
-- has checked the rest and before it sends anything.
-- @param options as parsed
-- @param method name of a method of the client
function connection.check(options, method, ...)
  local settings = settings_of(options)
  settings.token = function()
    error(UNSENT, 0)
  end
  local client = guard(options, supermetrics.new, settings)
  local ok, problem = pcall(guard, options, client[method], client, ...)
  if not ok and problem ~= UNSENT then
    error(problem, 0)
  end
end

return connection
