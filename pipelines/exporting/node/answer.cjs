// Answers a parent over standard input and output: a line of JSON, then the bytes of its tensors, both ways.
// Arguments: the folder of an export, which holds one folder a graph.
"use strict";

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
const wasm = require("@tensorflow/tfjs-backend-wasm");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");

const ARRAYS = { float32: Float32Array, int32: Int32Array };
const MISSING = /Kernel '(\w+)' not registered/;
const UNREAD = /Unsupported dtype in weight '[^']*': (\w+)/;
const graphs = new Map();
console.log = console.error; // standard output belongs to the answers

function stored(folder) {
  const description = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  const shards = description.weightsManifest.flatMap((group) => group.paths);
  const bytes = Buffer.concat(shards.map((name) => fs.readFileSync(path.join(folder, name))));
  return {
    modelTopology: description.modelTopology,
    signature: description.signature,
    weightSpecs: description.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  };
}

async function graph(name) {
  if (!graphs.has(name)) {
    const artifacts = stored(path.join(process.argv[2], name));
    const model = await loadGraphModel({ load: async () => artifacts });
    graphs.set(name, { model, signature: artifacts.signature, backend: "wasm" });
  }
  return graphs.get(name);
}

async function run(one, inputs) {
  await tf.setBackend(one.backend);
  const given = {};
  for (const { name, shape, dtype, data } of inputs) {
    given[one.signature.inputs[name].name.split(":")[0]] = tf.tensor(data, shape, dtype);
  }
  const names = Object.keys(one.signature.outputs);
  const found = await one.model.executeAsync(given, names.map((name) => one.signature.outputs[name].name));
  const values = [];
  for (const [position, tensor] of [].concat(found).entries()) {
    values.push({ name: names[position], shape: tensor.shape, dtype: tensor.dtype, data: await tensor.data() });
  }
  tf.dispose([given, found]);
  return values;
}

async function answer(request, inputs) {
  const one = await graph(request.graph);
  try {
    return { backend: one.backend, values: await run(one, inputs) };
  } catch (error) {
    if (one.backend === "cpu" || !MISSING.test(error.message)) throw error;
    one.backend = "cpu"; // WebAssembly lacks an operator that plain JavaScript has
    return { backend: one.backend, values: await run(one, inputs) };
  }
}

function read(length) {
  const buffer = Buffer.alloc(length);
  for (let got = 0; got < length; ) {
    const more = fs.readSync(0, buffer, got, length - got, null);
    if (more === 0) return null;
    got += more;
  }
  return buffer;
}

function readLine() {
  const bytes = [];
  for (let one = read(1); one !== null && one[0] !== 10; one = read(1)) bytes.push(one[0]);
  return bytes.length ? Buffer.from(bytes).toString("utf8") : null;
}

function write(buffer) {
  for (let done = 0; done < buffer.length; ) done += fs.writeSync(1, buffer, done);
}

async function main() {
  wasm.setWasmPaths(path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")) + "/dist/");
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  for (let line = readLine(); line !== null; line = readLine()) {
    const request = JSON.parse(line);
    const inputs = request.inputs.map((input) => {
      const bytes = read(input.bytes);
      const aligned = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
      return { ...input, data: new ARRAYS[input.dtype](aligned) };
    });
    try {
      const { backend, values } = await answer(request, inputs);
      const outputs = values.map(({ name, shape, dtype, data }) => ({ name, shape, dtype, bytes: data.byteLength }));
      write(Buffer.from(JSON.stringify({ backend, outputs }) + "\n"));
      for (const { data } of values) write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    } catch (error) {
      const [missing, unread] = [MISSING.exec(error.message), UNREAD.exec(error.message)];
      const operator = unread ? `Const of ${unread[1]}` : missing && missing[1];
      write(Buffer.from(JSON.stringify({ error: error.message, operator }) + "\n"));
    }
  }
}

main();
