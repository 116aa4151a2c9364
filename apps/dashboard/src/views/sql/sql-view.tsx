import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { Grid } from "../../widgets/grid.tsx";
import { cutTo, wrapped } from "../../widgets/text-cells.ts";
import { TextArea, TextInput } from "../../widgets/text-input.tsx";
import type { View } from "../view.ts";
import { heightsOf, isWriting, matchesOf, pasteIntoEditor, pressEditor, SQL_KEYS } from "./sql-keys.ts";
import { SQL, type SqlOptions, type SqlResult } from "./sql-state.ts";
import { statementOf } from "./statement.ts";

/** Statements, and what they came to. */
export const sqlView: View = {
  id: "sql",
  title: "SQL",
  digit: "3",
  purpose: "statements, with who answered them and from which data",
  panes: ["statement", "result"],
  keys: SQL_KEYS,
  text: { isActive: isWriting, press: pressEditor, paste: pasteIntoEditor },
  Component: Sql,
};

function Sql({ context }: { readonly context: ViewContext }): ReactNode {
  const { editor, options, result, search } = context.get(SQL);
  const { columns } = context.area;
  const heights = heightsOf(context);
  const { path, word } = statementOf(editor.text);
  const goes = word === "" ? "" : `${path} · `;
  return (
    <Box flexDirection="column">
      <TonedText tone="quiet">{cutTo(goes + optionsInWords(options, context.isReadOnly), columns)}</TonedText>
      <Box flexDirection="column" height={heights.editor} flexShrink={0}>
        <TextArea
          editor={editor}
          width={columns}
          height={heights.editor}
          isFocused={isWriting(context) && !search}
        />
      </Box>
      {search ? (
        <Search context={context} height={heights.result + 1} />
      ) : (
        <Result context={context} result={result} height={heights.result} />
      )}
    </Box>
  );
}

/** How statements run, in one line. */
function optionsInWords(options: SqlOptions, isReadOnly: boolean): string {
  const { consistency, maxLagMs, place, ack, maxRows, database } = options;
  const isStrong = place === "the master" || consistency === "strong";
  return [
    database === "" ? "no database" : database,
    isStrong
      ? "strong, on the master"
      : consistency === "bounded"
        ? `at most ${maxLagMs} ms old`
        : consistency,
    isReadOnly ? "read-only" : `ack ${ack}`,
    `${maxRows} rows at most`,
  ].join(" · ");
}

interface ResultProps {
  readonly context: ViewContext;
  readonly result: SqlResult | null;
  readonly height: number;
}

function Result({ context, result, height }: ResultProps): ReactNode {
  const { columns } = context.area;
  if (!result) return <TonedText tone="quiet">no statement was run yet</TonedText>;
  if (result.kind === "rows") {
    return (
      <>
        <TonedText tone="good">{cutTo(`✓ ${result.said}`, columns)}</TonedText>
        <Grid
          rows={result.rows}
          model={context.get(SQL).grid}
          width={columns}
          height={height}
          isFocused={!isWriting(context)}
          empty="no rows"
        />
      </>
    );
  }
  const isFailed = result.kind === "failed";
  const more = isFailed ? [] : result.warnings.flatMap((warning) => wrapped(`! ${warning}`, columns));
  const lines = [...wrapped(`${isFailed ? "!" : "✓"} ${result.said}`, columns), ...more].slice(0, height);
  return lines.map((line, index) => (
    <TonedText key={index} tone={isFailed ? "bad" : index === 0 ? "good" : "notice"}>
      {line}
    </TonedText>
  ));
}

function Search({ context, height }: { readonly context: ViewContext; readonly height: number }): ReactNode {
  const { search } = context.get(SQL);
  if (!search) return null;
  const { columns } = context.area;
  const matches = matchesOf(context);
  const visible = Math.max(1, height - 1);
  const from = Math.max(0, search.cursor - visible + 1);
  return (
    <>
      <Box height={1}>
        <TonedText tone="accent">history, Enter takes, Esc leaves: </TonedText>
        <TextInput editor={search.query} width={columns - 35} isFocused />
      </Box>
      {matches.slice(from, from + visible).map((statement, index) => {
        const isChosen = from + index === search.cursor;
        return (
          <TonedText key={statement} tone={isChosen ? "selected" : "plain"}>
            {cutTo(`${isChosen ? "▸" : " "} ${statement}`, columns)}
          </TonedText>
        );
      })}
      {matches.length === 0 ? <TonedText tone="quiet"> no statement like that</TonedText> : null}
    </>
  );
}
