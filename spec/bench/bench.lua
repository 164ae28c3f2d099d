--- The library beside what one would write by hand: bench.lua [row…] measures all, or only the named rows.
-- Prints one table; that of all rows is also written to spec/bench/RESULTS.md.

local machine = require "spec.bench.machine"
local report = require "spec.bench.report"
local server = require "spec.bench.server"

local NAMES = {"instructions", "warm", "cold", "concurrency", "growth", "pumping"}
local RESULTS = "spec/bench/RESULTS.md"

local INTRODUCTION = [[
# Results

Written by `make bench`. The server is nginx on the same machine, its answer 518 bytes; everybody sends the same PATCH
with the same headers and reads the status and the id of the answer, but for the floor, which throws it away. A figure
is the median of its rounds, its spread reaches from the lower to the upper quartile; contestants take turns within a
round, and a ratio is the median of the ratios of the rounds. `NOTES.md` says how each is measured.

]]

local function check_names(given)
  local known = {}
  for _, name in ipairs(NAMES) do
    known[name] = true
  end
  for _, name in ipairs(given) do
    if not known[name] then
      io.stderr:write(("bench: there is no row '%s'; there are %s\n"):format(name, table.concat(NAMES, ", ")))
      os.exit(2)
    end
  end
end

local function measure(running, names)
  local rows, sentences = {}, {}
  for _, name in ipairs(names) do
    io.stderr:write("measuring: ", name, "\n")
    local more, sentence = require("spec.bench.measures." .. name)(running)
    table.move(more, 1, #more, #rows + 1, rows)
    sentences[#sentences + 1] = sentence
  end
  return rows, sentences
end

local function write_results(text)
  local file = assert(io.open(RESULTS, "w"))
  assert(file:write(text))
  assert(file:close())
end

check_names(arg)
local names = #arg > 0 and arg or NAMES
local description = machine.describe()
local rows, sentences = server.with(function(running)
  return measure(running, names)
end)
local tabular = report.table(rows)
io.write(tabular)
for _, sentence in ipairs(sentences) do
  io.write("\n", sentence, "\n")
end
if names == NAMES then
  write_results(INTRODUCTION .. description .. "\n" .. tabular)
  io.write("\nwritten to ", RESULTS, "\n")
end
