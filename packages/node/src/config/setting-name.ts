/** What the name of every setting's environment variable starts with. */
export const SETTING_PREFIX = "UNDERSTUDY_";

/** Names the configuration file; the one name that is no setting itself. */
export const CONFIG_FILE_NAME = "UNDERSTUDY_CONFIG_FILE";

/** `bodyLimitBytes` → `UNDERSTUDY_BODY_LIMIT_BYTES`. */
export function environmentName(setting: string): string {
  return SETTING_PREFIX + setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
