import { Visitor } from '@swc/core/Visitor.js';

// What this prevents: one `using` in a file, and dependency-cruiser stops with "Unknown statement type", since the
// visitor that it borrows from swc was written before explicit resource management.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};
