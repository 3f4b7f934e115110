import type { Socket } from 'node:net';

/**
 * Ends a connection of which something is still owed, or doubted. After an ordinary close the kernel goes on sending what was not
 * acknowledged, and the end of it, for a minute and more: into a silence that some censors begin anew with each packet. A reset is one packet,
 * and nothing follows it.
 * @param tcp what carries it, where it is TLS: Node resets no other
 */
export function giveUp(socket: Socket, tcp: Socket = socket): void {
  // one that does not stand yet would be connected first; closed, it sends nothing more
  const stands = !tcp.connecting && !tcp.destroyed;
  // libuv resets none whose sending side is being shut
  const isShutting = socket.writableEnded && !socket.writableFinished;
  if (stands && !isShutting) tcp.resetAndDestroy();
  socket.destroy();
  tcp.destroy();
}
