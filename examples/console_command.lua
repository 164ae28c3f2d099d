-- Commands for the console of a game or a tool that draws frames: none of them ever holds a frame up.
--
--   lua console_command.lua "backfills 12345" "cancel 12345 1003"
--
-- Each argument is a line that somebody typed. The key comes from SUPERMETRICS_API_KEY.

local supermetrics = require "supermetrics"

local client = supermetrics.new{sleep = coroutine.yield, deadline = 20}
local commands = {}

function commands.backfills(team_id)
  local list, err = client:list_incomplete_backfills(team_id)
  if not list then
    return tostring(err)
  end
  local lines = {("%d incomplete"):format(#list)}
  for index, backfill in ipairs(list) do
    lines[index + 1] = tostring(backfill)
  end
  return table.concat(lines, "\n")
end

function commands.cancel(team_id, backfill_id)
  local backfill, err = client:cancel_backfill(team_id, backfill_id)
  return tostring(backfill or err)
end

-- ---- the console: a coroutine for each line, which goes on once a frame ----

local running = {}

local function run(line)
  local name, first, second = line:match("^(%S+)%s*(%S*)%s*(%S*)$")
  local command = commands[name]
  if not command then
    return print("unknown command: " .. line)
  end
  print("> " .. line)
  running[#running + 1] = coroutine.create(function()
    print(command(first, second))
  end)
end

local function step()
  for index = #running, 1, -1 do
    local ok, problem = coroutine.resume(running[index])
    if not ok then -- a wrong id, say: that is for whoever typed it, and nothing to the game
      print((tostring(problem):gsub("^[^:]*:%d+: ", "")))
    end
    if coroutine.status(running[index]) == "dead" then
      table.remove(running, index)
    end
  end
end

-- ---- the game ----

local frames, next_line = 0, 1
repeat
  frames = frames + 1
  if arg[next_line] then
    run(arg[next_line])
    next_line = next_line + 1
  end
  step()
  os.execute("sleep 0.016") -- a game draws here, and waits for the display
until #running == 0 and not arg[next_line]
print(("%d frames"):format(frames))
