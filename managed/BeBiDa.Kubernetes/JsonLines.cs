using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace BeBiDa.Kubernetes;

/// <summary>Splits a stream into lines as they arrive.</summary>
internal static class JsonLines
{
    // No Kubernetes object is that long: the API server accepts requests of at most 3 MiB.
    private const int Longest = 16 * 1024 * 1024;

    /// <summary>The lines, without their ends; each is valid until the next is asked for.</summary>
    /// <exception cref="IOException">The stream broke, or a line is too long.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream stream,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    if (!line.IsEmpty)
                        yield return line.IsSingleSegment ? line.First : line.ToArray();
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    yield break;
                if (buffer.Length > Longest)
                    throw new IOException($"a line exceeds {Longest / 1024 / 1024} MiB");
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }
}
