// Package media decodes telephony and streaming: SIP, RTP, RTSP, STUN.
package media
