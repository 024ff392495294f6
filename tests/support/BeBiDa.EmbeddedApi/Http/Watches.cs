using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Selectors;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>Watches: changes as a stream of JSON lines, from a version on or from the present state.</summary>
internal sealed class Watches(Store store, TimeProvider clock, TimeSpan bookmarkInterval)
{
    private static readonly byte[] LineEnd = "}\n"u8.ToArray();

    public async Task RunAsync(ApiRequest request, Representation representation, CancellationToken stopping)
    {
        var watch = new Watch(request, representation);
        var from = StartOf(request);
        var http = request.Http;
        var signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        store.AddReader(request.Type.Plural, signal.Writer);
        try
        {
            http.Response.ContentType = "application/json";
            http.Response.StatusCode = 200;
            await http.Response.StartAsync(http.RequestAborted);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
            using var timeout = Timeout(request, ended);
            await FollowAsync(watch, request, from, signal.Reader, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The client left, its time is over, or the server stops: in each case the stream just ends.
        }
        finally
        {
            store.RemoveReader(request.Type.Plural, signal.Writer);
        }
    }

    /// <summary>The version after which a watch tells changes; null when it first tells what there is.</summary>
    private static long? StartOf(ApiRequest request)
    {
        if (request.Query("resourceVersion") is not { Length: > 0 } text)
            return null;
        if (!long.TryParse(text, CultureInfo.InvariantCulture, out var version) || version < 0)
            throw new ApiError(
                500,
                "",
                $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            );
        return version == 0 ? null : version;
    }

    private async Task FollowAsync(Watch watch, ApiRequest request, long? from, ChannelReader<bool> signal, CancellationToken cancellation)
    {
        var output = request.Http.Response.BodyWriter;
        var version = from ?? 0;
        if (from is null)
        {
            var snapshot = store.Read(request.Type.Plural);
            version = snapshot.Version;
            foreach (var stored in snapshot.Objects.Values.Where(watch.Wants))
                Write(watch.Line("ADDED", stored));
        }
        await output.FlushAsync(cancellation);

        var changes = new List<Change>();
        using var bookmarks = new PeriodicTimer(bookmarkInterval, clock);
        var bookmarkDue = watch.Bookmarks ? bookmarks.WaitForNextTickAsync(cancellation).AsTask() : null;
        var ready = signal.WaitToReadAsync(cancellation).AsTask();
        while (true)
        {
            signal.TryRead(out _);
            changes.Clear();
            if (!store.TryReadAfter(request.Type.Plural, version, changes, out var upTo))
            {
                Write(watch.Error(ApiError.Expired($"too old resource version: {version} ({upTo})")));
                await output.FlushAsync(cancellation);
                return;
            }
            var written = false;
            foreach (var change in changes)
                written |= Write(watch.Line(change));
            // A version in the client's future is waited for.
            version = Math.Max(version, upTo);
            if (bookmarkDue is { IsCompletedSuccessfully: true })
            {
                written |= Write(watch.Bookmark(version));
                bookmarkDue = bookmarks.WaitForNextTickAsync(cancellation).AsTask();
            }
            if (written)
                await output.FlushAsync(cancellation);
            if (ready.IsCompletedSuccessfully)
                ready = signal.WaitToReadAsync(cancellation).AsTask();
            await (bookmarkDue is null ? ready : await Task.WhenAny(ready, bookmarkDue));
        }

        bool Write(byte[]? line)
        {
            if (line is null)
                return false;
            line.CopyTo(output.GetSpan(line.Length));
            output.Advance(line.Length);
            Requests.CountSent(request.Http, line.Length);
            return true;
        }
    }

    private ITimer? Timeout(ApiRequest request, CancellationTokenSource ended)
    {
        if (!int.TryParse(request.Query("timeoutSeconds"), CultureInfo.InvariantCulture, out var seconds) || seconds <= 0)
            return null;
        return clock.CreateTimer(_ => Cancel(ended), null, TimeSpan.FromSeconds(seconds), System.Threading.Timeout.InfiniteTimeSpan);
    }

    private static void Cancel(CancellationTokenSource ended)
    {
        try
        {
            ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The watch ended by itself at the same moment.
        }
    }

    /// <summary>What one client wants to see, and how.</summary>
    private sealed class Watch(ApiRequest request, Representation representation)
    {
        private readonly LabelSelector labels = LabelSelector.Parse(request.Query("labelSelector"));
        private readonly FieldSelector fields = FieldSelector.Parse(Named(request), request.Type);

        public bool Bookmarks { get; } = request.QueryFlag("allowWatchBookmarks");

        public bool Wants(StoredObject stored) => Lists.Matches(stored, request.Namespace, labels, fields);

        /// <summary>A change as this client sees it: what comes into its selection is new, what leaves it is deleted.</summary>
        public byte[]? Line(Change change)
        {
            var before = change.Kind != ChangeKind.Added && Wants(change.Previous!);
            var after = change.Kind != ChangeKind.Deleted && Wants(change.Object);
            return (before, after) switch
            {
                (false, true) => Line("ADDED", change.Object),
                (true, true) => Line("MODIFIED", change.Object),
                (true, false) => Line("DELETED", change.Object),
                _ => null,
            };
        }

        public byte[] Line(string kind, StoredObject stored) => Join(kind, representation.One(stored));

        public byte[] Bookmark(long version)
        {
            var metadata = new JsonObject
            {
                ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture),
                ["creationTimestamp"] = null,
            };
            var whole = representation.Form == Form.Whole;
            return Join(
                "BOOKMARK",
                Json.Write(
                    new JsonObject
                    {
                        ["kind"] =
                            whole ? request.Type.Kind
                            : representation.Form == Form.Table ? "Table"
                            : "PartialObjectMetadata",
                        ["apiVersion"] = whole ? request.Type.ApiVersion : "meta.k8s.io/v1",
                        ["metadata"] = metadata,
                    }
                )
            );
        }

        public byte[] Error(ApiError error) => Join("ERROR", Json.Write(error.ToStatus()));

        private static string? Named(ApiRequest request)
        {
            var query = request.Query("fieldSelector");
            if (request.Name.Length == 0)
                return query;
            return string.IsNullOrEmpty(query) ? $"metadata.name={request.Name}" : $"{query},metadata.name={request.Name}";
        }

        private static byte[] Join(string kind, byte[] body)
        {
            var head = Encoding.ASCII.GetBytes($"{{\"type\":\"{kind}\",\"object\":");
            return [.. head, .. body, .. LineEnd];
        }
    }
}
