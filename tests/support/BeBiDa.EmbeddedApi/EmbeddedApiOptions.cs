using System.Net;

namespace BeBiDa.EmbeddedApi;

/// <summary>How the embedded API server is started; every value has a default.</summary>
public sealed record EmbeddedApiOptions
{
    /// <summary>The address to serve at, which the server's certificate covers too.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The TCP port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Where certificates and kubeconfigs are written; by default a new temporary directory that goes with the server.</summary>
    public string? Directory { get; init; }

    /// <summary>How many events a watch can look back on, for each resource, before it is told 410 Gone.</summary>
    public int HistoryLimit { get; init; } = 8192;

    /// <summary>How often a watch that asked for bookmarks gets one.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The clock behind timestamps, grace periods and certificates.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
