import { expect, test } from "vitest";
import { createOutcome, type PostReply } from "../../provider/netsapiens/create-outcome.ts";

const reply = (status: number, location?: string): PostReply => ({
  kind: "status",
  status,
  location,
});
const noReply = (sent: boolean): PostReply => ({ kind: "failure", sent, transient: false });
const outcome = (replies: PostReply[], words = "", showsForm = true) =>
  createOutcome(replies, { words, showsForm }, "/SiPbx/adminlogin.php");

test.each<[string, PostReply[], string]>([
  ["no form was seen to leave", [], ""],
  ["the portal leads to another page", [reply(303, "clients.php")], ""],
  ["it says something on that page", [reply(303, "clients.php")], "Created."],
  ["it shows a page without a word", [reply(200)], ""],
  ["it fails over the form", [reply(500)], "Sorry."],
  ["a proxy has no more time", [reply(408)], ""],
  ["no reply comes", [noReply(true)], ""],
  ["one of two forms may have arrived", [reply(403), noReply(true)], ""],
])("a client may have been made when %s", (_, replies, words) => {
  expect(outcome(replies, words).isRefused).toBe(false);
});

test.each([[[]], [[reply(200)]]])(
  "a page that says Created without the form is no refusal, after the replies %o",
  (replies) => {
    const words = "Client created, copy the secret now.";
    expect(outcome(replies, words, false)).toEqual({ isRefused: false, words });
  },
);

test.each<[string, PostReply[], string, string]>([
  ["the page says so before a form leaves", [], "Too long.", "Too long."],
  ["the page that answers says so", [reply(200)], "In use.", "In use."],
  ["the form is refused", [reply(403)], "", "HTTP 403"],
  ["the form leads to the login", [reply(302, "adminlogin.php?expired=1")], "", "HTTP 302"],
  ["the portal was not reached", [noReply(false)], "", "no connection"],
])("no client was made when %s", (_, replies, words, told) => {
  expect(outcome(replies, words)).toEqual({ isRefused: true, words: told });
});
