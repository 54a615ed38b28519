import { metrics } from '@opentelemetry/api';
import type { Source } from '../session/visit.js';
import type { CommandName } from '../ssh/commands/commands.js';

export interface FinishedSshCommand {
  readonly command: CommandName;
  readonly source: Source;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: number;
}

/** The SSH door's own series; bytes go to the same ones as those of HTTP. Every label is of a closed set. */
export class SshMetrics {
  private readonly meter = metrics.getMeter('antipode.edge');
  private readonly commands = this.meter.createCounter('antipode_edge_ssh_commands', {
    description: 'Commands over SSH by name, source and outcome',
  });
  private readonly logins = this.meter.createCounter('antipode_edge_ssh_logins', {
    description: 'Who came in over SSH: holders of known keys, guests',
  });
  private readonly refusals = this.meter.createCounter('antipode_edge_ssh_refused_connections', {
    description: 'Connections over SSH that were turned away: no room, or a network that is not served',
  });
  private readonly duration = this.meter.createHistogram('antipode_edge_ssh_command_duration_seconds', {
    unit: 's',
    description: 'From the command to its exit status',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 600] },
  });
  private readonly bytesOut = this.meter.createCounter('antipode_edge_bytes_out', {
    unit: 'By',
    description: 'Bytes sent to clients by source',
  });

  constructor(counts: () => { readonly connections: number; readonly strangers: number }) {
    const connections = this.meter.createObservableGauge('antipode_edge_ssh_connections', {
      description: 'Connections over SSH; strangers have not come in yet',
    });
    connections.addCallback((result) => {
      const { connections: all, strangers } = counts();
      result.observe(strangers, { stage: 'stranger' });
      result.observe(all - strangers, { stage: 'known' });
    });
  }

  loggedIn(who: 'holder' | 'guest'): void {
    this.logins.add(1, { who });
  }

  refused(because: 'room' | 'network'): void {
    this.refusals.add(1, { because });
  }

  finished({ command, source, status, bytesOut, seconds }: FinishedSshCommand): void {
    this.commands.add(1, { command, source, outcome: status === 0 ? 'ok' : 'failed' });
    this.bytesOut.add(bytesOut, { source });
    this.duration.record(seconds, { command, source });
  }
}
