/** A node of a tree. */
export interface TreeNode {
  readonly label: string;
  readonly children: readonly TreeNode[];
}

/** The tree as lines with branches: `├─`, `└─`. */
export function treeLines(root: TreeNode): string[] {
  return [root.label, ...branches(root.children, "")];
}

function branches(nodes: readonly TreeNode[], indent: string): string[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    return [
      `${indent}${isLast ? "└─ " : "├─ "}${node.label}`,
      ...branches(node.children, `${indent}${isLast ? "   " : "│  "}`),
    ];
  });
}
