import { expect, it } from "vitest";
import { FreshAnswer } from "./fresh-answer.ts";

it("gives nobody an answer that was asked before they came, and asks once for all who wait", async () => {
  const questions: PromiseWithResolvers<string>[] = [];
  const fresh = new FreshAnswer(async () => {
    const question = Promise.withResolvers<string>();
    questions.push(question);
    return question.promise;
  });
  const first = fresh.get();
  const [second, third] = [fresh.get(), fresh.get()];
  expect(questions).toHaveLength(1);
  questions[0]?.resolve("early");
  expect(await first).toBe("early");
  await new Promise((done) => setImmediate(done));
  expect(questions).toHaveLength(2);
  questions[1]?.resolve("late");
  expect(await Promise.all([second, third])).toEqual(["late", "late"]);
  const fourth = fresh.get();
  questions[2]?.resolve("later");
  expect(await fourth).toBe("later");
});

it("a question that fails fails those who asked it, and not the next", async () => {
  let failures = 1;
  const fresh = new FreshAnswer(async () => {
    if (failures-- > 0) throw new Error("no answer");
    return "answer";
  });
  const [first, second] = [fresh.get(), fresh.get()];
  await expect(first).rejects.toThrow("no answer");
  expect(await second).toBe("answer");
});
