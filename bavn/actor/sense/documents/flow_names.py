"""Under which names exports of flows have what a flow is. Data only.

Sources: nfdump's CSV and JSON, GoFlow2, pmacct, YAF, SiLK and other IPFIX by its elements' names, Argus, AWS VPC flow
logs, Arkime's sessions, exports of firewalls' and other consoles, the Windows firewall, the Elastic Common Schema.
Names are compared in small letters, without blanks, hyphens and underscores.
"""

from typing import Final

SRC: Final = (
    "srcaddr,sa,ipsrc,saddr,src4addr,src6addr,sourceipv4address,sourceipv6address,srcip,sourceip,sourceaddress,"
    "source.ip,source.address,client.ip,ipv4srcaddr,ipv6srcaddr,src,ip.src,"
    "sip,srcipaddr,localip"
)
DST: Final = (
    "dstaddr,da,ipdst,daddr,dst4addr,dst6addr,destinationipv4address,destinationipv6address,dstip,destip,"
    "destinationip,destinationaddress,destination.ip,destination.address,server.ip,ipv4dstaddr,ipv6dstaddr,dst,ip.dst,"
    "dip,dstipaddr,remoteip"
)
SPORT: Final = (
    "srcport,sp,portsrc,sport,sourcetransportport,sourceport,source.port,client.port,l4srcport,spt,"
    "srcportnumber,localport"
)
DPORT: Final = (
    "dstport,dp,portdst,dport,destinationtransportport,destinationport,destport,destination.port,server.port,"
    "l4dstport,dpt,dsport,dstportnumber,remoteport"
)
PROTO: Final = (
    "proto,pr,ipproto,ipprotocol,protocolidentifier,network.transport,network.iananumber,transport,protocol,prot,"
    "pro,networkprotocol"
)
BEGUN: Final = (
    "timeflowstartns,ts,firstseen,first,firstpacket,tfirst,timestampstart,flowstartmilliseconds,flowstartseconds,"
    "starttime,stime,start,event.start,firstswitched"
)
ENDED: Final = (
    "timeflowendns,te,lastseen,last,lastpacket,tlast,timestampend,flowendmilliseconds,flowendseconds,stoptime,endtime,"
    "lasttime,ltime,etime,end,event.end,lastswitched"
)
SEEN: Final = (
    "@timestamp,timestamp,timereceivedns,received,receivetime,generatetime,time,datetime,timegenerated,"
    "timegenerated[utc]"
)
LASTED: Final = "td,dur,duration,elapsedtime(sec)"
SENT: Final = (
    "ibyt,inbytes,inbyte,source.bytes,client.bytes,sbytes,srcbytes,octettotalcount,octetdeltacount,bytessent,"
    "sentbyte,bytestoserver,oct,totlenfwdpkts"
)
GOT: Final = (
    "obyt,outbytes,outbyte,destination.bytes,server.bytes,dbytes,dstbytes,reverseoctettotalcount,"
    "reverseoctetdeltacount,bytesreceived,rcvdbyte,bytestoclient,roct,totlenbwdpkts"
)
ONE_WAY: Final = "bytes,byt"
"""Bytes of the one direction that a record tells, where it has no name for the other."""
SENT_PKTS: Final = (
    "ipkt,inpackets,inpkts,source.packets,client.packets,spkts,srcpkts,packettotalcount,packetdeltacount,pktssent,"
    "sentpkt,pkt,totfwdpkts"
)
GOT_PKTS: Final = (
    "opkt,outpackets,outpkts,destination.packets,server.packets,dpkts,dstpkts,reversepackettotalcount,"
    "reversepacketdeltacount,pktsreceived,rcvdpkt,rpkt,totbwdpkts"
)
ONE_WAY_PKTS: Final = "packets"
BOTH_WAYS: Final = "databytes,totbytes,totalbytes"
"""Where one of these stands, ``bytes`` are those of both directions."""
FLAGS: Final = "tcpflags,flg,flags,initialtcpflags,iflags"
APP: Final = "network.protocol,network.application,application,app"
VERDICT: Final = "action,event.action,event.outcome,policyaction"
