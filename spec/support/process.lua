--- Runs a program in a process of its own, with nothing but io.popen, the same on every Lua.
--
-- Two shells stand around each child:
--   * the supervisor (popen "r") runs it and closes its output with its exit code, which io.popen does not tell on 5.1;
--   * the guard (popen "w") does nothing but read from us. Whatever ends this process, kill -9 included, the kernel
--     closes that pipe, and the guard then ends the child. Unlike setpriv --pdeathsig that does not depend on which
--     thread started it or on Linux, and unlike timeout it needs no guess at how long a spec may take under valgrind.

local process = {}

local Process = {}
Process.__index = Process

-- Interrupts from the terminal reach all of these shells; they have to outlive them to do their work.
local IGNORE_SIGNALS = "trap '' HUP INT QUIT TERM PIPE\n"

-- setsid: signals of the terminal are not for the child, and the guard can end the whole group.
-- --default-signal: a shell that runs the specs in the background ignores SIGINT, and that is inherited; the child's
-- own handling of signals is what specs look at. `exec` makes the printed pid the child's.
-- Descriptor 3 is our stderr; the supervisor has none, or it would report "Terminated" for a child killed by a signal.
-- -u LD_PRELOAD: a sanitizer that was loaded into us is for another Lua with our modules, and for no other program.
-- The parentheses matter: dash redirects itself, not its child, while it waits for a command with a redirection.
local SUPERVISOR = [[
exec 3>&2 2>/dev/null
(exec env %s --default-signal %s setsid sh -c 'printf "%%s\n" "$$"; exec "$@"' sh %s %s 3>&-)
printf %%s%%s %s "$?"]]

-- "done" is the word for a child that has ended: its pid may belong to another process by then.
local GUARD = [[
read -r word && test "$word" = done && exit
kill -s TERM -- -%d
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  kill -s 0 -- -%d || exit
  sleep 0.05
done
kill -s KILL -- -%d]]

--- One word of a shell command, whatever bytes it holds.
-- @param word string without NUL
-- @return string
function process.quote(word)
  word = tostring(word)
  assert(not word:find("\0", 1, true), "an argument of a program cannot hold a NUL")
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- The Lua that runs this process, for specs that start another one like it.
-- @return string
function process.own_interpreter()
  local index = -1
  while arg[index - 1] do
    index = index - 1
  end
  return arg[index]
end

-- Also behind `env` and the like.
local function runs_own_interpreter(arguments)
  local own = arg and process.own_interpreter() -- a Lua that was started with -e may have no `arg`
  for _, word in ipairs(arguments) do
    if word == own then
      return true
    end
  end
  return false
end

--- The words of a shell command.
-- @param words list of strings without NUL
-- @return string
function process.quote_all(words)
  local quoted = {}
  for index, word in ipairs(words) do
    quoted[index] = process.quote(word)
  end
  return table.concat(quoted, " ")
end

local function environment_words(environment)
  local words = {}
  for name, value in pairs(environment) do
    assert(name:find("^[%a_][%w_]*$"), "not a name of an environment variable: " .. name)
    words[#words + 1] = name .. "=" .. value
  end
  return words
end

local function redirection(stderr)
  if stderr == nil then
    return "2>&3"
  elseif stderr == "stdout" then
    return "2>&1"
  end
  return "2>" .. process.quote(stderr)
end

local instance_count = 0

--- Starts a program. Found on PATH; not found is exit code 127, as in the shell. Descriptors without close-on-exec are
-- inherited, which keeps connections open that we close: libcurl 7.88 does not set it, so start servers before clients.
-- @param arguments list of strings: the program and its arguments
-- @param environment table of variables set on top of ours, or nil
-- @param options table or nil; `stderr`: absent passes it through, "stdout" mixes it into the output, anything else
--   is the path of the file it is written to
-- @return Process; its field `pid` is the program's own process id (and that of its process group)
function process.start(arguments, environment, options)
  assert(type(arguments) == "table" and arguments[1], "process.start needs a list with a program")
  instance_count = instance_count + 1
  -- os.time and the address of a fresh table: no program prints this line by chance.
  local end_mark = ("<exit %d %d %s>"):format(os.time(), instance_count, tostring({}):gsub("%W", ""))
  local supervisor = SUPERVISOR:format(
    runs_own_interpreter(arguments) and "" or "-u LD_PRELOAD",
    process.quote_all(environment_words(environment or {})),
    process.quote_all(arguments),
    redirection(options and options.stderr),
    process.quote(end_mark)
  )
  local output = assert(io.popen(IGNORE_SIGNALS .. supervisor, "r"))
  local pid = assert(tonumber(output:read("*l") or ""), "the supervising shell did not start")
  -- Opened after `output`, and therefore finalized before it: where a spec fails and drops a Process, collecting
  -- `output` waits for the child, which only the end of the guard's pipe brings about.
  local guard = assert(io.popen(IGNORE_SIGNALS .. "exec >/dev/null 2>&1\n" .. GUARD:format(pid, pid, pid), "w"))
  return setmetatable({ pid = pid, output = output, guard = guard, end_mark = end_mark }, Process)
end

-- The mark follows the output directly, so that output without a newline at its end stays exact.
local function split_at_mark(self, text)
  local position = text:find(self.end_mark, 1, true)
  if not position then
    return text
  end
  self.exit_code = assert(tonumber(text:sub(position + #self.end_mark)), "the end mark carries no exit code")
  return text:sub(1, position - 1)
end

--- Waits for the next line of the program's output. (On Lua 5.1 a line ends at a NUL: `wait` has the exact bytes.)
-- @return string without its newline, or nil at the end of the output
function Process:read_line()
  if self.exit_code then
    return nil
  end
  local line = assert(self.output:read("*l"), "the supervising shell was killed")
  line = split_at_mark(self, line)
  if self.exit_code and line == "" then
    return nil
  end
  return line
end

--- Sends a signal to the program; it has been sent when this returns. Nothing happens after `wait`.
-- @param name string, such as "TERM", "INT", "KILL", "STOP"
function Process:signal(name)
  if not self.waited then
    os.execute(("kill -s %s %d 2>/dev/null"):format(process.quote(name), self.pid))
  end
end

--- Waits until the program has ended and its output is closed (by whatever it started as well).
-- @return number the exit code; 128 + n where signal n ended it
-- @return string what is left of the output, byte for byte
function Process:wait()
  if self.waited then
    return self.exit_code, ""
  end
  local rest = ""
  if not self.exit_code then
    rest = split_at_mark(self, self.output:read("*a"))
    assert(self.exit_code, "the supervising shell was killed")
  end
  self.waited = true
  self.guard:write("done\n")
  self.guard:close()
  self.output:close()
  return self.exit_code, rest
end

return process
