import { WIRE_VERSIONS, type Member } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import { DEFAULT_SETTINGS, POLL_CHOICES } from "../../settings/settings-store.ts";
import { age, duration, STATE_SIGNS, type Tone } from "../../state/wording.ts";
import { THEME_NAMES } from "../../theme/theme.ts";

/** One line of the settings: a heading, something that can be changed, a node to attach to, or a fact. */
export interface SettingsItem {
  readonly label: string;
  readonly value: string;
  readonly tone?: Tone;
  /** Steps on (1) or back (-1). */
  readonly step?: (context: ViewContext, by: number) => void;
  /** URL of a node to attach to. */
  readonly attachTo?: string;
}

/** The element after (1) or before (-1) `now`, around the ends. */
export function stepped<T>(choices: readonly T[], now: T, by: number): T {
  const at = (choices.indexOf(now) + by + choices.length) % choices.length;
  return choices[at] ?? now;
}

/** All lines of the settings. */
export function settingsItems(context: ViewContext): readonly SettingsItem[] {
  return [
    ...choiceItems(context),
    heading("nodes", "Enter attaches to the chosen one"),
    ...nodeItems(context),
    heading("connection"),
    ...connectionItems(context),
    heading("files"),
    ...fileItems(context),
    heading("versions"),
    ...versionItems(context),
  ];
}

function heading(label: string, note = ""): SettingsItem {
  return { label: `─ ${label}`, value: note, tone: "quiet" };
}

function choiceItems({ services, state, isReadOnly }: ViewContext): readonly SettingsItem[] {
  const { pollMs, keepsHistory } = services.settings.read();
  return [
    {
      label: "theme",
      value: `‹ ${state.ui.theme} ›${state.ui.theme === "none" ? " no colours: this is no terminal" : ""}`,
      step: (context, by) => {
        const names: readonly string[] = THEME_NAMES;
        const name = stepped(names, context.state.ui.theme, by);
        const theme = THEME_NAMES.find((one) => one === name) ?? DEFAULT_SETTINGS.theme;
        context.ui({ kind: "theme", theme });
        context.services.settings.write({ theme });
        context.say(`theme ${theme}`);
      },
    },
    {
      label: "asks every",
      value: `‹ ${duration(pollMs)} › events come at once, whatever this says`,
      step: (context, by) => {
        const next = stepped(POLL_CHOICES, context.services.settings.read().pollMs, by);
        context.services.settings.write({ pollMs: next });
        context.say(`the node is asked every ${duration(next)}`);
        context.services.refresh();
      },
    },
    services.settings.allowsHistory
      ? {
          label: "history",
          value: `‹ ${keepsHistory ? "on" : "off"} › ${keepsHistory ? "statements are kept on this machine" : "no statement is kept; what was kept before stays"}`,
          step: switchHistory,
        }
      : { label: "history", value: "off: no statement is kept (--no-history)" },
    {
      label: "read-only",
      value: isReadOnly
        ? "yes: all that changes something is hidden (--read-only)"
        : "no: start with --read-only to hide all that changes something",
    },
  ];
}

function switchHistory(context: ViewContext): void {
  const keepsHistory = !context.services.settings.read().keepsHistory;
  context.services.settings.write({ keepsHistory });
  context.say(keepsHistory ? "statements are kept from now on" : "no statement is kept from now on");
}

function nodeItems({ view, state, services }: ViewContext): readonly SettingsItem[] {
  const attached = state.cluster.snapshot?.url;
  const isAttached = (member: Member): boolean => member.nodeId === view?.self;
  const members = view?.members ?? [];
  const others = services.nodes.filter(
    (url) => url !== attached && !members.some((member) => member.url === url),
  );
  return [
    ...members.map((member): SettingsItem => {
      const here = isAttached(member) ? ", attached" : "";
      return {
        label: `  ${member.nodeId}`,
        value: `${STATE_SIGNS[member.state].glyph} ${member.state}, ${member.role}${here} ${member.url}`,
        tone: STATE_SIGNS[member.state].tone,
        // Under the address by which it is reached already, lest it be another one from here.
        attachTo: isAttached(member) ? (attached ?? member.url) : member.url,
      };
    }),
    ...others.map((url): SettingsItem => ({
      label: "  ?",
      value: `${url} (of the command line)`,
      attachTo: url,
    })),
  ];
}

function connectionItems({ state, services, now }: ViewContext): readonly SettingsItem[] {
  const { snapshot, trouble } = state.cluster;
  const { tokenFile, caFile } = services.facts;
  const url = snapshot?.url ?? null;
  const isTls = url?.startsWith("https:") === true;
  return [
    {
      label: "attached to",
      value: snapshot ? `${snapshot.url}, answered ${age(now.monotonicMs - snapshot.atMs)}` : "no node yet",
    },
    {
      label: "state",
      value: trouble === null ? "✓ it answers" : `! no node answers: ${trouble}`,
      tone: trouble === null ? "good" : "bad",
    },
    {
      label: "encryption",
      value: isTls
        ? "✓ TLS, its certificate was checked"
        : "none: the address begins with http. What is sent can be read on the way",
      tone: isTls ? "good" : "notice",
    },
    {
      label: "token",
      value:
        tokenFile === null
          ? "none is sent (--token-file FILE)"
          : `sent with each request; read from ${tokenFile} at the start`,
    },
    {
      label: "authorities",
      value:
        caFile === null
          ? "those of the system (--ca-file FILE adds more)"
          : `those of the system, and of ${caFile}`,
    },
  ];
}

function fileItems({ services }: ViewContext): readonly SettingsItem[] {
  const { files } = services.settings;
  if (!files) return [{ label: "settings", value: "kept in memory alone" }];
  return [
    { label: "settings", value: files.settings },
    { label: "history", value: files.history },
  ];
}

function versionItems({ services, self, view }: ViewContext): readonly SettingsItem[] {
  const { version } = services.facts;
  const { oldest, newest } = WIRE_VERSIONS;
  const differ = new Set(view?.members.map((member) => member.version)).size > 1;
  return [
    { label: "dashboard", value: version },
    {
      label: "node",
      value: self
        ? `${self.version} (${self.nodeId}), on ${self.flavour} ${self.serverVersion}`
        : "not known",
    },
    {
      label: "all nodes",
      value: (view?.members ?? []).map((member) => `${member.nodeId} ${member.version}`).join(", "),
      ...(differ ? { tone: "notice" as const } : {}),
    },
    {
      label: "wire",
      value: `${oldest === newest ? newest : `${oldest} to ${newest}`} in this release; each two nodes agree on the newest that both speak`,
    },
  ];
}
