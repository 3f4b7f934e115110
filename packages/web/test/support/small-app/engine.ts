postMessage(`The engine runs at ${location.pathname.replace(/^.*\//u, '')}`);
