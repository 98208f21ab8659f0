// Submit samples to a device of this machine, and print the answers:
//
//     npm install && node client.mjs unix:PATH [FILE]
//
// FILE has one JSON array of numbers in each line. The client knows nothing but device_app.proto, which it reads.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const here = dirname(fileURLToPath(import.meta.url));
const proto = process.env.DEVICE_APP_PROTO
  ?? join(here, "../../proto/splitwave/common/wire/pb/device_app.proto");
// longs: a sequence has 64 bits, more than a number of JavaScript holds.
const { DeviceApp } = grpc.loadPackageDefinition(
  loadSync(proto, { longs: String, enums: String, defaults: true, keepCase: true, oneofs: true }),
).splitwave.deviceapp.v1;

const [address, file] = process.argv.slice(2);
const device = new DeviceApp(address, grpc.credentials.createInsecure());
const describe = promisify(device.Describe).bind(device);
const infer = promisify(device.Infer).bind(device);

const print = (reply) =>
  console.log(reply.stream, reply.sequence, reply.outcome, reply._class_index ? reply.class_index : "-");

function float32(numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, place) => bytes.writeFloatLE(number, 4 * place));
  return bytes;
}

async function inferAll(requests) {
  const call = device.InferStream();
  requests.forEach((request) => call.write(request));
  call.end();
  for await (const reply of call) print(reply);
}

try {
  const description = await describe({});
  const size = description.input_shape.reduce((product, side) => product * side, 1);
  console.error(`link ${description.link}, samples of ${size} values, ${description.classes} classes`);
  const samples = file
    ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line).flat(Infinity))
    : [new Array(size).fill(0)];
  const [first, ...others] = samples.map((sample) => ({ float32: float32(sample) }));
  print(await infer(first));
  await inferAll(others);
} catch (error) {
  console.error(`${grpc.status[error.code] ?? "error"}: ${error.details ?? error.message}`);
  process.exitCode = 1;
} finally {
  device.close();
}
