--- Instructions of a warm call.

local contestants = require "spec.bench.contestants"
local instructions = require "spec.bench.instructions"
local report = require "spec.bench.report"

local TARGET = 1.7

return function(server)
  local floor = instructions.of_warm_call(contestants.floor, server)
  local rows, subject = {}, nil
  for _, name in ipairs{"subject", "lua_curl", "luasocket", "lua_http"} do
    local contestant = contestants[name]
    local count = instructions.of_warm_call(contestant, server)
    local row = {measure = "instructions of a warm call", of = contestant.name, figure = report.whole(count),
      ratio = ("%.2f x the floor"):format(count / floor)}
    if name == "subject" then
      subject = count
      row.target, row.verdict = ("at most %.1f x"):format(TARGET), report.verdict(count / floor <= TARGET)
    end
    rows[#rows + 1] = row
  end
  table.insert(rows, 2, {measure = "instructions of a warm call", of = contestants.floor.name,
    figure = report.whole(floor)})
  local _, sentence = instructions.compare({subject = subject, floor = floor}, instructions.committed())
  return rows, sentence
end
