// Package flow turns frames into bidirectional flows and sums them up: headers are decoded, fragments joined, tunnels
// unwrapped, TCP bytes put in order and handed to the decoders of package proto, and what is left of the flows when they end is
// rolled up into conversations, gateways and the health of the mirror port.
//
// It does not recognise application protocols (proto does), does not name hosts and draws no conclusions.
//
// Invariants: time is packet time only; memory is bounded by Config's limits, each of which is counted when hit; a packet of
// a known flow allocates nothing; the result does not depend on the number of shards as long as no limit is hit.
//
// What looks wrong but isn't:
//   - The VLAN is part of a flow's identity. A routed connection that a trunk shows twice, once in each VLAN, is two flows, each
//     with true counts and MACs. A mirror that tags the two directions differently would make every flow one-way; such halves are
//     recognised as each other's other direction when the mirror's health is judged.
//   - A packet inside a tunnel counts for the inner flow only; the tunnel is named in Flow.Tunnel and its ends are observed.
//   - Idle flows are swept by a clock that follows the earliest frame of a batch, so that single frames with a wrong time
//     end no flows but their own.
package flow
