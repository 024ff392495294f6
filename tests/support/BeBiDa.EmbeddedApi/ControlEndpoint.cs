using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.EmbeddedApi.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BeBiDa.EmbeddedApi;

/// <summary>
/// Plain HTTP beside a server, at its address, for scripts: faults, stop and start, request counts. It hands out no identity.
/// </summary>
public sealed class ControlEndpoint : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private readonly EmbeddedApiServer server;
    private readonly ConcurrentDictionary<int, IDisposable> faults = new();
    private readonly WebApplication application;
    private int last;

    private ControlEndpoint(EmbeddedApiServer server, int port)
    {
        this.server = server;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(server.Url.Host), port));
        application = builder.Build();
        application.Run(HandleAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri Url => new(application.Urls.First());

    /// <summary>Starts it; port 0 takes a free one.</summary>
    public static async Task<ControlEndpoint> StartAsync(EmbeddedApiServer server, int port = 0, CancellationToken cancellation = default)
    {
        var endpoint = new ControlEndpoint(server, port);
        await endpoint.application.StartAsync(cancellation);
        return endpoint;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => application.DisposeAsync();

    private async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!.Trim('/').Split('/');
        switch (http.Request.Method, path)
        {
            case ("POST", ["faults"]):
                await AddFaultAsync(http);
                break;
            case ("DELETE", ["faults"]):
                server.Faults.Clear();
                faults.Clear();
                break;
            case ("DELETE", ["faults", var id])
                when int.TryParse(id, CultureInfo.InvariantCulture, out var number) && faults.TryRemove(number, out var fault):
                fault.Dispose();
                break;
            case ("PUT" or "DELETE", ["expired-certificate"]):
                server.Faults.ExpiredServerCertificate = http.Request.Method == "PUT";
                break;
            case ("POST", ["stop"]):
                await server.StopAsync();
                break;
            case ("POST", ["start"]):
                await server.RestartAsync(http.RequestAborted);
                break;
            case ("POST", ["compact"]):
                server.Compact();
                break;
            case ("GET", ["requests"]):
                await http.Response.WriteAsJsonAsync(server.RequestCounts, Format, http.RequestAborted);
                break;
            case ("DELETE", ["requests"]):
                server.ResetRequestCounts();
                break;
            default:
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }

    private async Task AddFaultAsync(HttpContext http)
    {
        Fault? fault;
        try
        {
            fault = await JsonSerializer.DeserializeAsync<Fault>(http.Request.Body, Format, http.RequestAborted);
        }
        catch (JsonException error)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            await http.Response.WriteAsync(error.Message, http.RequestAborted);
            return;
        }
        var id = Interlocked.Increment(ref last);
        faults[id] = server.Faults.Add(fault!);
        await http.Response.WriteAsync(id.ToString(CultureInfo.InvariantCulture), http.RequestAborted);
    }
}
