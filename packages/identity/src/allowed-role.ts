/** The role whose sessions may log in: one name, or that of a permission set, whose end differs by account. */

/** IAM Identity Center calls a permission set's role so, with 16 hex digits of each account's own. */
const OF_PERMISSION_SET = /^AWSReservedSSO_[\w+=,.@-]{1,32}_\*$/;
const ROLE = /^[\w+=,.@-]{1,64}$/;
const SUFFIX = /^[0-9a-f]{16}$/;

/** A role's name without its path, or `AWSReservedSSO_<permission set>_*`; no other star. */
export const isRoleWish = (text: string): boolean =>
  ROLE.test(text) || OF_PERMISSION_SET.test(text);

/** @param wish what {@link isRoleWish} takes. */
export function isAllowedRole(wish: string, role: string): boolean {
  if (!wish.endsWith("_*")) return role === wish;
  const stem = wish.slice(0, -1);
  return role.startsWith(stem) && SUFFIX.test(role.slice(stem.length));
}
