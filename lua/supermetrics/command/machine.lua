--- The answers for programs: one JSON document each.

local json = require "supermetrics.command.json"
local output = require "supermetrics.command.output"

local machine = {}

local function write(document)
  output.write(json.encode(document) .. "\n")
end

local function copy(fields)
  local copied = {}
  for name, value in pairs(fields) do
    copied[name] = value
  end
  return copied
end

local function backfill_fields(backfill)
  local fields = copy(backfill)
  fields.error_report = json.list(fields.error_report)
  return fields
end

local function map(values, convert)
  local converted = {}
  for index, value in ipairs(values) do
    converted[index] = convert(value)
  end
  return json.list(converted)
end

local results_fields

-- `summary` is the sentence; the rest are the fields of the library's Error.
local function error_fields(err)
  local fields = copy(err)
  fields.summary = tostring(err)
  fields.backfill = err.backfill and backfill_fields(err.backfill)
  fields.look_error = err.look_error and error_fields(err.look_error)
  fields.results = err.results and results_fields(err.results).results
  return fields
end

local function result_fields(result)
  return {
    id = result.id,
    backfill = result.backfill and backfill_fields(result.backfill),
    error = result.err and error_fields(result.err),
  }
end

function results_fields(results)
  return {
    results = map(results, result_fields),
    cancelled = results.cancelled,
    failed = results.failed,
    dry_run = results.dry_run or false,
  }
end

function machine.backfill(backfill)
  write{backfill = backfill_fields(backfill)}
end

function machine.backfills(backfills)
  write{backfills = map(backfills, backfill_fields)}
end

function machine.results(results)
  write(results_fields(results))
end

function machine.request(request)
  write{dry_run = true, request = {method = request.method, path = request.path, body = request.body}}
end

--- An Error of the library, or what stop.lua has raised.
function machine.failure(problem)
  if problem.exit_code then
    return write{error = {kind = problem.kind, message = problem.message, summary = problem.message}}
  end
  write{error = error_fields(problem)}
end

return machine
