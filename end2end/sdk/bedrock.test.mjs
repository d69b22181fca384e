// Amazon's own client talks to the simulator: its signatures and its reading of the binary frames are not ours.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  ServiceUnavailableException,
  ThrottlingException,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, bedrock;
const client = (credentials) =>
  new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: `${simulator.url}/bedrock/runtime`,
    credentials,
    // Without TLS there is no HTTP/2, which is the client's own choice.
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
const ask = (modelId) => ({ modelId, messages: [{ role: "user", content: [{ text: "Say something." }] }] });

before(async () => {
  simulator = await startSimulator();
  bedrock = client(KEYS.bedrock);
});
after(() => simulator.stop("SIGKILL"));

async function stream(modelId) {
  const { stream } = await bedrock.send(new ConverseStreamCommand(ask(modelId)));
  let text = "", reasoning = "", stop, usage;
  for await (const event of stream) {
    text += event.contentBlockDelta?.delta.text ?? "";
    reasoning += event.contentBlockDelta?.delta.reasoningContent?.text ?? "";
    stop = event.messageStop?.stopReason ?? stop;
    usage = event.metadata?.usage ?? usage;
  }
  return { text, reasoning, stop, usage };
}

test("streams the same text as it answers whole, with thoughts and usage", async () => {
  const whole = await bedrock.send(new ConverseCommand(ask("sim-think")));
  const { text, reasoning, stop, usage } = await stream("sim-think");
  assert.equal(text, whole.output.message.content.find((part) => part.text).text);
  assert.ok(reasoning.length > 10);
  assert.equal(stop, "end_turn");
  assert.ok(usage.outputTokens > 0);
});

test("a model whose id is escaped is signed for alike", async () => {
  assert.ok((await stream("amazon.nova-pro-v1:0")).text.length > 100);
});

test("text of every width arrives however the bytes are cut", async () => {
  assert.equal((await stream("sim-split")).text, (await stream("sim-wide")).text);
});

test("an exception inside a stream is raised", async () => {
  await assert.rejects(stream("sim-error-mid"), ServiceUnavailableException);
});

test("a limit and a wrong secret are errors with their names", async () => {
  await assert.rejects(bedrock.send(new ConverseCommand(ask("sim-429"))), ThrottlingException);
  const wrong = client({ ...KEYS.bedrock, secretAccessKey: "wrong" });
  await assert.rejects(wrong.send(new ConverseCommand(ask("sim-short"))), (error) => {
    assert.equal(error.name, "InvalidSignatureException");
    return true;
  });
});
