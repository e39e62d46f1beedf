package collect

import (
	"bytes"
	"fmt"
	"testing"
)

func benchRead(b *testing.B, head string, row func(i int) string) {
	var in bytes.Buffer
	in.WriteString(head)
	const n = 50_000
	for i := range n {
		in.WriteString(row(i))
	}
	b.ReportAllocs()
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		r, err := Read("conn.log", bytes.NewReader(in.Bytes()), taken)
		if err != nil || r.Source.Packets != n {
			b.Fatal(r.Source, err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkZeekConn(b *testing.B) {
	benchRead(b, "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n",
		func(i int) string {
			return fmt.Sprintf("1689814800.%06d\tC%d\t10.0.%d.%d\t50000\t10.0.0.5\t%d\ttcp\tsmb\t1.5\t100\t200\tSF\t10\t600\t12\t800\n", i, i, i/250%20, i%250, i%7)
		})
}

func BenchmarkSuricata(b *testing.B) {
	benchRead(b, "", func(i int) string {
		return fmt.Sprintf(`{"timestamp":"2023-07-20T10:00:00.123456+0900","flow_id":%d,"event_type":"flow","src_ip":"10.0.%d.%d","src_port":50000,"dest_ip":"10.0.0.5","dest_port":%d,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":5,"pkts_toclient":4,"bytes_toserver":500,"bytes_toclient":4000,"start":"2023-07-20T09:59:00.000000+0900","end":"2023-07-20T09:59:30.000000+0900","state":"closed"}}`+"\n",
			i, i/250%20, i%250, i%7)
	})
}

func BenchmarkARP(b *testing.B) {
	benchRead(b, "", func(i int) string {
		return fmt.Sprintf("? (10.%d.%d.%d) at 02:00:00:%02x:%02x:%02x [ether] on eth0\n", 10+i>>16, i>>7&255, 1+i&127, i>>16, i>>8&255, i&255)
	})
}
