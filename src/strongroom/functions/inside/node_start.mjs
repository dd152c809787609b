// The runtime interface client for Node in a sandbox: `node node_start.mjs HANDLER`.
//
// The same Runtime API as the official client speaks; that one needs a C++ tool chain where it is installed
// (docs/decisions/0013-functions-in-sandboxes.md). A handler is async, gives a promise, or calls back; errors have the shape that Lambda gives them.

import { existsSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const BASE = "/2018-06-01/runtime/";
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, target, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, agent, method, path: BASE + target, headers: { "Content-Type": "application/json", ...headers } },
      (reply) => {
        const parts = [];
        reply.on("data", (part) => parts.push(part));
        reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(parts) }));
        reply.on("error", reject);
      },
    );
    request.on("error", reject);
    request.setTimeout(0);
    if (body !== undefined) {
      request.setHeader("Content-Length", Buffer.byteLength(body));
      request.write(body);
    }
    request.end();
  });
}

class Named extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function described(problem) {
  if (util.types.isNativeError(problem) || problem instanceof Error) {
    return {
      errorType: String(problem.name),
      errorMessage: String(problem.message),
      trace: String(problem.stack ?? "").split("\n"),
    };
  }
  return { errorType: typeof problem, errorMessage: String(problem), trace: [] };
}

function shown(level, requestId, values) {
  const text = util.format(...values).replaceAll("\n", "\r");
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}

let underWay = "undefined";
for (const [name, level] of [["log", "INFO"], ["info", "INFO"], ["warn", "WARN"], ["error", "ERROR"], ["debug", "DEBUG"], ["trace", "TRACE"]]) {
  console[name] = (...values) => shown(level, underWay, values);
}

async function loaded(file) {
  const base = path.resolve(process.env.LAMBDA_TASK_ROOT, file);
  const found = ["", ".js", ".mjs", ".cjs"].map((end) => base + end).find((name) => path.extname(name) && existsSync(name));
  if (found === undefined) {
    throw new Named("Runtime.ImportModuleError", `Error: Cannot find module '${path.basename(file)}'`);
  }
  try {
    if (found.endsWith(".mjs")) return await import(pathToFileURL(found));
    try {
      return createRequire(pathToFileURL(found))(found);
    } catch (problem) {
      if (problem.code !== "ERR_REQUIRE_ESM" && !(problem instanceof SyntaxError)) throw problem;
      return await import(pathToFileURL(found));
    }
  } catch (problem) {
    if (problem instanceof SyntaxError) throw new Named("Runtime.UserCodeSyntaxError", String(problem));
    if (problem.code === "MODULE_NOT_FOUND" || problem.code === "ERR_MODULE_NOT_FOUND") {
      throw new Named("Runtime.ImportModuleError", String(problem));
    }
    throw problem;
  }
}

async function findHandler(text) {
  const at = text.lastIndexOf(".");
  if (at <= 0 || at === text.length - 1) throw new Named("Runtime.MalformedHandlerName", `Bad handler ${text}`);
  const module = await loaded(text.slice(0, at));
  const name = text.slice(at + 1);
  const handler = module[name] ?? module.default?.[name];
  if (handler === undefined) throw new Named("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof handler !== "function") throw new Named("Runtime.HandlerNotFound", `${text} is not a function`);
  return handler;
}

function makeContext(headers, callback) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const client = headers["lambda-runtime-client-context"];
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    clientContext: client === undefined ? undefined : JSON.parse(client),
    identity: undefined,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done: callback,
    succeed: (result) => callback(null, result),
    fail: (problem) => callback(problem ?? "handled"),
  };
}

function called(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const callback = (problem, result) => (problem ? reject(problem) : resolve(result));
    const returned = handler(event, makeContext(headers, callback), callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    else if (handler.length < 3 && returned !== undefined) resolve(returned);
    else if (handler.length < 3 && handler.constructor.name === "AsyncFunction") resolve(returned);
  });
}

async function fail(target, problem, requestId) {
  const error = described(problem);
  shown("ERROR", requestId || "undefined", [`Invoke Error \t${JSON.stringify(error)}`]);
  await ask("POST", target, JSON.stringify(error), { "Lambda-Runtime-Function-Error-Type": error.errorType });
}

async function serve(handler) {
  for (;;) {
    const given = await ask("GET", "invocation/next");
    if (given.status !== 200) process.exit(1);
    const id = given.headers["lambda-runtime-aws-request-id"];
    underWay = id;
    process.env._X_AMZN_TRACE_ID = given.headers["lambda-runtime-trace-id"] ?? "";
    try {
      const result = await called(handler, JSON.parse(given.body), given.headers);
      const body = JSON.stringify(result === undefined ? null : result);
      if (body === undefined) throw new Named("Runtime.MarshalError", "Unable to stringify the response of the handler");
      await ask("POST", `invocation/${id}/response`, body);
    } catch (problem) {
      await fail(`invocation/${id}/error`, problem, id);
    }
  }
}

async function dieOf(problem, kind) {
  const named = new Named(kind, String(problem?.stack ?? problem));
  await fail(underWay === "undefined" ? "init/error" : `invocation/${underWay}/error`, named, underWay);
  process.exit(129);
}

process.on("uncaughtException", (problem) => dieOf(problem, "Runtime.UncaughtException"));
process.on("unhandledRejection", (problem) => dieOf(problem, "Runtime.UnhandledPromiseRejection"));

let handler;
try {
  handler = await findHandler(process.argv[2]);
} catch (problem) {
  await fail("init/error", problem, "");
  process.exit(1);
}
await serve(handler);
