--- What a fault does to an answer: one row for each way to misbehave.

local refusals = require "supermetrics.sandbox.refusals"

local misbehaviour = {}

local GARBAGE = '{"meta": this is not JSON'

local function with_body(answer, status, body)
  answer.status = status
  answer.body = body
  return answer
end

-- Each is given the fault, `apply` (a function that lets the rules answer) and `refuse` (one that makes an answer of a
-- refusal), and returns the answer.
local EFFECTS = {}

function EFFECTS.status(fault, _, refuse)
  local refusal = refusals.of_status(fault.status, fault.code)
  refusal.retry_after = fault.retry_after
  local answer = refuse(refusal)
  answer.retry_after_date = fault.retry_after_date
  if fault.text then
    return with_body(answer, fault.status, fault.text)
  end
  return answer
end

function EFFECTS.drop(fault, apply)
  if fault.drop == "after" then
    apply()
  end
  return {is_dropped = true}
end

function EFFECTS.truncate(fault, apply)
  local answer = apply()
  answer.truncate = fault.truncate
  return answer
end

function EFFECTS.garbage(_, apply)
  return with_body(apply(), 200, GARBAGE)
end

function EFFECTS.text(fault, apply)
  return with_body(apply(), 200, fault.text)
end

-- The order matters for a status with a text only.
local NAMES = {"status", "drop", "truncate", "garbage", "text"}

--- The answer to a request that a fault strikes.
-- @param fault as supermetrics.sandbox.faults finds it
-- @param apply function that lets the rules answer the request
-- @param refuse function that makes the answer of a refusal
-- @return table: an answer as the service gives it, or one with `is_dropped` only; `delay` in seconds, `truncate` in
--   bytes and `retry_after_date` in seconds ahead are for whoever sends it
function misbehaviour.answer(fault, apply, refuse)
  local effect
  for _, name in ipairs(NAMES) do
    if fault[name] ~= nil then
      effect = EFFECTS[name]
      break
    end
  end
  local answer = effect and effect(fault, apply, refuse) or apply()
  answer.delay = fault.delay
  return answer
end

return misbehaviour
