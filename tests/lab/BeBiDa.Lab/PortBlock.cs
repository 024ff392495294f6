using System.Net;
using System.Net.Sockets;

namespace BeBiDa.Lab;

/// <summary>
/// A run of TCP ports that is ours alone, also beside other labs on this host. They lie below the range
/// that the kernel gives to outgoing connections, so that none of those can take one between two starts
/// of a daemon.
/// </summary>
internal sealed class PortBlock : IDisposable
{
    private const int Size = 128;
    private const int Lowest = 18000;
    private const int Highest = 31000;

    // Listening on the block's first port is the claim on the rest of it; it ends with this process.
    private readonly Socket _claim;

    private PortBlock(Socket claim, int first)
    {
        _claim = claim;
        First = first;
    }

    /// <summary>The first port for use; the following ones are free too, as many as were asked for.</summary>
    public int First { get; }

    public static PortBlock Reserve(int count)
    {
        if (count > Size - 1)
            throw new LabException($"A lab has at most {Size - 1} ports, {count} are wanted.");
        const int blocks = (Highest - Lowest) / Size;
        var start = Environment.ProcessId % blocks;
        for (var i = 0; i < blocks; i++)
        {
            var first = Lowest + ((start + i) % blocks * Size);
            if (TryListen(IPAddress.Loopback, first) is not { } claim)
                continue;
            if (Enumerable.Range(first + 1, count).All(IsFree))
                return new PortBlock(claim, first + 1);
            claim.Dispose();
        }
        throw new LabException($"No {count} free ports between {Lowest} and {Highest}.");
    }

    public void Dispose() => _claim.Dispose();

    private static bool IsFree(int port)
    {
        using var socket = TryListen(IPAddress.Any, port);
        return socket is not null;
    }

    private static Socket? TryListen(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
