--- Instructions of a warm call, by callgrind: those of 2,000 calls less those of 1,000, for each call. Counts, unlike
-- times, are the same whatever else the machine does.
--
-- The file instructions.txt holds the committed figures. A subject is compared with the committed subject plus what the
-- floor has changed since: both call the same libcurl, so another version of it moves both by the same number. Neither
-- the figure alone (it fails with a new libcurl) nor the ratio (it forgives growth where libcurl grows) would do.

local instructions = {}

local FILE = "spec/bench/instructions.txt"
local COUNT = 1000
local MOST_PERCENT = 5

--- Of one contestant.
function instructions.of_warm_call(contestant, server)
  local more = contestant:instructions(server, "http", 2 * COUNT)
  return (more - contestant:instructions(server, "http", COUNT)) / COUNT
end

--- The committed figures.
-- @return table: `subject`, `floor`
function instructions.committed()
  local figures = {}
  for line in io.lines(FILE) do
    local name, figure = line:match("^(%l+) (%d+)$")
    if name then
      figures[name] = tonumber(figure)
    end
  end
  assert(figures.subject and figures.floor, FILE .. " lacks a figure")
  return figures
end

--- Compares figures with the committed ones.
-- @param now table: `subject`, `floor`
-- @param committed the same
-- @return string "grown", "fallen" or "same"
-- @return string a sentence
function instructions.compare(now, committed)
  local expected = committed.subject + now.floor - committed.floor
  local percent = (now.subject - expected) * 100 / expected
  local trend = percent > MOST_PERCENT and "grown" or percent < -MOST_PERCENT and "fallen" or "same"
  local sentence = ("instructions of a warm call: %.0f, the floor %.0f, ratio %.2f; committed %.0f and %.0f: %+.1f %%")
    :format(now.subject, now.floor, now.subject / now.floor, committed.subject, committed.floor, percent)
  if trend == "fallen" then
    sentence = sentence .. ("\nmore than 5 %% cheaper: let %s say\nsubject %.0f\nfloor %.0f"):format(FILE,
      now.subject, now.floor)
  elseif trend == "grown" then
    sentence = sentence .. "\nmore than 5 % dearer"
  end
  return trend, sentence
end

return instructions
