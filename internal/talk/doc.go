// Package talk says who talks to whom: it turns the conversations of a patrol, which are between addresses, into what is
// to be remembered of each host. It is pure: hosts and Seen in, trails out.
//
// It keeps nothing over patrols (the store does), and it judges nothing: what is not permitted is for the rules to say.
// A TCP connection that nobody answered is an attempt, not a talk, and is left out; so is what goes to a group of
// machines (multicast, broadcast).
package talk
