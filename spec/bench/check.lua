--- The short form, for every change: whether a warm call takes more than 5 % more instructions than committed.

local contestants = require "spec.bench.contestants"
local instructions = require "spec.bench.instructions"
local server = require "spec.bench.server"

local now = server.with(function(running)
  return {
    subject = instructions.of_warm_call(contestants.subject, running),
    floor = instructions.of_warm_call(contestants.floor, running),
  }
end)
local trend, sentence = instructions.compare(now, instructions.committed())
print(sentence)
os.exit(trend ~= "grown")
